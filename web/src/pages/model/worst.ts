import type { Outcome, TestImage, TestItem } from "../../api/types";

export type Sort = "worst" | "name" | "confidence";

export const SORTS: { value: Sort; label: string }[] = [
  { value: "worst", label: "Worst first" },
  { value: "confidence", label: "Least sure first" },
  { value: "name", label: "Name of the file" },
];

export interface Choice {
  label: string;
  outcomes: readonly Outcome[];
  /** Percent, both ends included. */
  confidence: readonly [number, number];
  sort: Sort;
}

/** The test images that have an item of the label, outcome and confidence, with these items only, sorted. */
export function chosen(images: TestImage[], choice: Choice): TestImage[] {
  const fits = (item: TestItem) =>
    choice.outcomes.includes(item.Outcome) &&
    (!choice.label || item.Label === choice.label) &&
    // What was missed outright has no confidence, and is shown whatever is asked for.
    ((item.Outcome === "FN" && item.Confidence === 0) ||
      (item.Confidence >= choice.confidence[0] && item.Confidence <= choice.confidence[1]));
  const all = !choice.label && choice.outcomes.length >= 3 && choice.confidence[0] <= 0;
  const found = images
    .map((image) => ({ ...image, Items: image.Items.filter((item) => item.Outcome !== "TN" && fits(item)) }))
    .filter((image) => image.Items.length || all);
  return found.sort(ORDERS[choice.sort]);
}

/** How bad an image's mistakes are: a false alarm weighs what the model was sure of, a miss what it was not. */
export function badness(image: TestImage): number {
  return image.Items.reduce((sum, item) => {
    if (item.Outcome === "FP") return sum + 1 + item.Confidence / 100;
    return item.Outcome === "FN" ? sum + 2 - item.Confidence / 100 : sum;
  }, 0);
}

const byName = (a: TestImage, b: TestImage) => a.SourceRef.localeCompare(b.SourceRef, undefined, { numeric: true });
const least = (image: TestImage) => Math.min(101, ...image.Items.map((item) => item.Confidence));

const ORDERS: Record<Sort, (a: TestImage, b: TestImage) => number> = {
  worst: (a, b) => badness(b) - badness(a) || byName(a, b),
  confidence: (a, b) => least(a) - least(b) || byName(a, b),
  name: byName,
};
