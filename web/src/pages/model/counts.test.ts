import { describe, expect, it } from "vitest";
import type { LabelResult } from "../../api/types";
import { countsAt } from "./counts";

const LABEL = {
  Label: "Puppy",
  TP: 3,
  FP: 1,
  FN: 1,
  Curve: { Thresholds: [0.9, 0.8, 0.5, 0.2], Precision: [1, 1, 0.75, 4 / 6], Recall: [0.25, 0.5, 0.75, 1], F1: [0.4, 2 / 3, 0.75, 0.8] },
} as LabelResult;

describe("countsAt", () => {
  it.each([
    [0.95, 0, 0, 4],
    [0.9, 1, 0, 3],
    [0.85, 1, 0, 3],
    [0.5, 3, 1, 1],
    [0.3, 3, 1, 1],
    [0, 4, 2, 0],
  ])("at %f counts %i right, %i false, %i missed", (threshold, tp, fp, fn) => {
    expect(countsAt(LABEL, threshold)).toMatchObject({ TP: tp, FP: fp, FN: fn });
  });
});
