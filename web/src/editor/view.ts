import { clamp, type Point, type Rect, type Size } from "./geometry";

/** How image pixels lie on the screen: screen = image * scale + (x, y), in CSS pixels of the canvas. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

const MARGIN = 16;
const KEEP_VISIBLE = 48;
const LARGEST_SCALE = 16;

/** The image pixel (with fraction) under a point of the canvas. */
export function toImage(point: Point, view: View): Point {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

/** The point of the canvas at which an image point is drawn. */
export function toScreen(point: Point, view: View): Point {
  return { x: point.x * view.scale + view.x, y: point.y * view.scale + view.y };
}

/** An image rectangle as drawn on the canvas. */
export function rectToScreen(rect: Rect, view: View): Rect {
  const { x, y } = toScreen({ x: rect.left, y: rect.top }, view);
  return { left: x, top: y, width: rect.width * view.scale, height: rect.height * view.scale };
}

/** The view that shows the whole image, centred, with a margin. Small images are enlarged, up to the largest scale. */
export function fitView(frame: Size, canvas: Size): View {
  const wide = Math.max(canvas.width - 2 * MARGIN, 1) / frame.width;
  const high = Math.max(canvas.height - 2 * MARGIN, 1) / frame.height;
  const scale = Math.min(wide, high, LARGEST_SCALE);
  return {
    scale,
    x: (canvas.width - frame.width * scale) / 2,
    y: (canvas.height - frame.height * scale) / 2,
  };
}

/** Smallest and largest scale: from half of the fitted image to 16 screen pixels an image pixel. */
export function scaleLimits(frame: Size, canvas: Size): [smallest: number, largest: number] {
  return [fitView(frame, canvas).scale / 2, LARGEST_SCALE];
}

/** Zoomed by `factor` within the limits; the image point under `at` stays where it is. */
export function zoomAt(view: View, factor: number, at: Point, frame: Size, canvas: Size): View {
  const scale = clamp(view.scale * factor, ...scaleLimits(frame, canvas));
  const fixed = toImage(at, view);
  return { scale, x: at.x - fixed.x * scale, y: at.y - fixed.y * scale };
}

/** Moved as little as needed to keep a strip of the image on the canvas. */
export function keepInSight(view: View, frame: Size, canvas: Size): View {
  const width = frame.width * view.scale;
  const height = frame.height * view.scale;
  const strip = { x: Math.min(KEEP_VISIBLE, width), y: Math.min(KEEP_VISIBLE, height) };
  return {
    scale: view.scale,
    x: clamp(view.x, strip.x - width, canvas.width - strip.x),
    y: clamp(view.y, strip.y - height, canvas.height - strip.y),
  };
}

/** The view after two fingers went from `before` to `after`: zoomed by their spread, moved with their middle. */
export function pinchView(
  view: View,
  before: readonly [Point, Point],
  after: readonly [Point, Point],
  frame: Size,
  canvas: Size,
): View {
  const from = middle(before);
  const to = middle(after);
  const factor = distance(...after) / Math.max(distance(...before), 1);
  const zoomed = zoomAt(view, factor, from, frame, canvas);
  return { scale: zoomed.scale, x: zoomed.x + to.x - from.x, y: zoomed.y + to.y - from.y };
}

/** Distance between two points. */
export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middle([a, b]: readonly [Point, Point]): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
