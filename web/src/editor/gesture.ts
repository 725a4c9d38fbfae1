import {
  clamp,
  type Handle,
  hits,
  moveRect,
  type Point,
  type Rect,
  rectFromPoints,
  resizeRect,
  type Size,
} from "./geometry";
import { distance, toImage, type View } from "./view";

/** What the pressed pointer is doing. Points are in canvas pixels; `view` is the one the gesture began with. */
export type Gesture =
  | { kind: "draw"; from: Point; to: Point; far: boolean }
  | { kind: "move"; at: number; from: Point; to: Point; far: boolean }
  | { kind: "resize"; at: number; handle: Handle; from: Point; to: Point; far: boolean }
  | { kind: "pan"; from: Point; view: View }
  | { kind: "pinch"; from: [Point, Point]; view: View }
  /** Cancelled, or one of two fingers lifted: nothing until all are up. */
  | { kind: "over" };

/** How far a pointer may stray, in canvas pixels, while a press still counts as a click. */
const CLICK = { mouse: 4, touch: 9 };

/** How near to a box, in canvas pixels, a click still means it. */
const SLACK = 4;

/** The gesture with its pointer now at `to`. Once far enough to be a drag it stays a drag. */
export function drag(gesture: Gesture, to: Point, pointerType: string): Gesture {
  if (!("far" in gesture)) return gesture;
  const far = gesture.far || distance(gesture.from, to) > (pointerType === "mouse" ? CLICK.mouse : CLICK.touch);
  return { ...gesture, to, far };
}

/** The rectangle that the gesture would leave, while it is a drag of one. */
export function preview(gesture: Gesture | null, boxes: readonly Rect[], view: View, frame: Size): Rect | null {
  if (!gesture || !("far" in gesture) || !gesture.far) return null;
  const from = toImage(gesture.from, view);
  const to = toImage(gesture.to, view);
  if (gesture.kind === "draw") return rectFromPoints(from, to, frame);
  const { left, top, width, height } = boxes[gesture.at] ?? { left: 0, top: 0, width: 0, height: 0 };
  const rect = { left, top, width, height };
  return gesture.kind === "move"
    ? moveRect(rect, to.x - from.x, to.y - from.y, frame)
    : resizeRect(rect, gesture.handle, to.x - from.x, to.y - from.y, frame);
}

/** The boxes a click at a canvas point may mean, smallest first. */
export function boxesAt(boxes: readonly Rect[], point: Point, view: View): number[] {
  return hits(boxes, toImage(point, view), SLACK / view.scale);
}

/** The box that a click selects: the smallest, and on every further click the next one under the same point. */
export function clicked(boxes: readonly Rect[], point: Point, view: View, selected: number | null): number | null {
  const under = boxesAt(boxes, point, view);
  const place = selected === null ? -1 : under.indexOf(selected);
  return under[(place + 1) % Math.max(under.length, 1)] ?? null;
}

/** The zoom factor of one turn of a wheel, or of a pinch on a trackpad (which arrives as Ctrl+wheel). */
export function wheelFactor({ deltaY, deltaMode, ctrlKey }: WheelEvent): number {
  const pixels = deltaMode === WheelEvent.DOM_DELTA_LINE ? deltaY * 20 : deltaY;
  return Math.exp(-clamp(pixels, -200, 200) * (ctrlKey ? 0.01 : 0.002));
}
