import type { LabelResult } from "../../api/types";

export interface Counts {
  TP: number;
  FP: number;
  FN: number;
  Precision: number;
  Recall: number;
  F1: number;
}

/** What a label's counts in the test are if predictions of at least this confidence (0 to 1) are taken. */
export function countsAt(label: LabelResult, threshold: number): Counts {
  const positives = label.TP + label.FN;
  const { Thresholds, Precision, Recall, F1 } = label.Curve;
  // The points go down: the last one that is not below the threshold tells what is taken.
  let k = -1;
  while (k + 1 < Thresholds.length && (Thresholds[k + 1] ?? 0) >= threshold - 1e-9) k += 1;
  if (k < 0) return { TP: 0, FP: 0, FN: positives, Precision: 0, Recall: 0, F1: 0 };
  const precision = Precision[k] ?? 0;
  const tp = Math.round((Recall[k] ?? 0) * positives);
  const fp = precision > 0 ? Math.round(tp / precision) - tp : 0;
  return { TP: tp, FP: fp, FN: positives - tp, Precision: precision, Recall: Recall[k] ?? 0, F1: F1[k] ?? 0 };
}
