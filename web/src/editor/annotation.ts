import type { Rect } from "./geometry";

/** A label of the dataset; `colour` is a `#rrggbb` that somebody chose, if anybody did. */
export interface Label {
  name: string;
  colour?: string | null;
}

/** A labelled box in integer pixels of the upright image. */
export interface Box extends Rect {
  label: string;
}

/** An image to edit. `width` and `height` are what the entry says; the loaded image has the last word. */
export interface EditorImage {
  sourceRef: string;
  name: string;
  url: string;
  width: number | null;
  height: number | null;
  boxes: Box[];
}

/** What to store for one image: its true size and all its boxes. */
export interface Change {
  sourceRef: string;
  width: number;
  height: number;
  boxes: Box[];
}

/** Whether two lists hold the same boxes in the same order. */
export function sameBoxes(a: readonly Box[], b: readonly Box[]): boolean {
  return a.length === b.length && a.every((box, at) => b[at] !== undefined && sameBox(box, b[at]));
}

/** Whether two boxes agree in label and pixels. */
export function sameBox(a: Box, b: Box): boolean {
  return (
    a.label === b.label &&
    a.left === b.left &&
    a.top === b.top &&
    a.width === b.width &&
    a.height === b.height
  );
}

/** "1 box", "2 boxes". */
export function count(boxes: number): string {
  return boxes === 1 ? "1 box" : `${boxes} boxes`;
}
