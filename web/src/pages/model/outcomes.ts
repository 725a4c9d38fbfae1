import type { Outcome } from "../../api/types";

export const OUTCOMES: { id: Outcome; name: string; colour: string; sign: string }[] = [
  { id: "TP", name: "True positive", colour: "var(--good)", sign: "✓" },
  { id: "FP", name: "False positive", colour: "var(--bad)", sign: "✗" },
  { id: "FN", name: "False negative", colour: "var(--missed)", sign: "○" },
];

/** Colours that a box keeps on any picture, in light and dark. */
export const BOX_COLOURS: Record<Outcome, string> = { TP: "#2bd94f", FP: "#ff3b3b", FN: "#ffc400", TN: "#9ba7b6" };
