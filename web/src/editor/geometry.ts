/** Rectangles in integer pixels of the upright image. Nothing here knows about zoom, labels or React. */

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Training refuses boxes of one pixel, so no side gets shorter than this. */
export const MIN_SIDE = 2;

export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"] as const;
export type Handle = (typeof HANDLES)[number];

/** `value` moved into [low, high]. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Start and length, inside [0, limit], of the side between an edge that stays and one that moves and may cross it. */
function side(fixed: number, moved: number, limit: number): [start: number, length: number] {
  const edge = clamp(Math.round(moved), 0, limit);
  const shortest = Math.min(MIN_SIDE, limit);
  const length = Math.max(Math.abs(edge - fixed), shortest);
  const start = clamp(edge < fixed ? fixed - length : fixed, 0, limit - length);
  return [start, length];
}

/** The rectangle drawn from `a` to `b`, in whichever direction; the points may lie outside the frame. */
export function rectFromPoints(a: Point, b: Point, frame: Size): Rect {
  const [left, width] = side(clamp(Math.round(a.x), 0, frame.width), b.x, frame.width);
  const [top, height] = side(clamp(Math.round(a.y), 0, frame.height), b.y, frame.height);
  return { left, top, width, height };
}

/** `rect` moved by (dx, dy), stopped by the frame's edges; its size stays. */
export function moveRect<R extends Rect>(rect: R, dx: number, dy: number, frame: Size): R {
  return {
    ...rect,
    left: clamp(Math.round(rect.left + dx), 0, Math.max(0, frame.width - rect.width)),
    top: clamp(Math.round(rect.top + dy), 0, Math.max(0, frame.height - rect.height)),
  };
}

/** `rect` with the edges that `handle` holds moved by (dx, dy). An edge dragged past its opposite flips the box. */
export function resizeRect<R extends Rect>(rect: R, handle: Handle, dx: number, dy: number, frame: Size): R {
  const right = rect.left + rect.width;
  const bottom = rect.top + rect.height;
  const resized = { ...rect };
  if (handle.includes("w")) [resized.left, resized.width] = side(right, rect.left + dx, frame.width);
  if (handle.includes("e")) [resized.left, resized.width] = side(rect.left, right + dx, frame.width);
  if (handle.includes("n")) [resized.top, resized.height] = side(bottom, rect.top + dy, frame.height);
  if (handle.includes("s")) [resized.top, resized.height] = side(rect.top, bottom + dy, frame.height);
  return resized;
}

/** `rect` with its right and bottom edges moved by (dx, dy). It stops at the minimum and never flips. */
export function growRect<R extends Rect>(rect: R, dx: number, dy: number, frame: Size): R {
  return {
    ...rect,
    width: clamp(rect.width + dx, Math.min(MIN_SIDE, frame.width), frame.width - rect.left),
    height: clamp(rect.height + dy, Math.min(MIN_SIDE, frame.height), frame.height - rect.top),
  };
}

/** The part of `rect` inside the frame, in whole pixels and never below the minimum. */
export function cropRect<R extends Rect>(rect: R, frame: Size): R {
  const start = { x: rect.left, y: rect.top };
  const end = { x: rect.left + rect.width, y: rect.top + rect.height };
  return { ...rect, ...rectFromPoints(start, end, frame) };
}

/** A rectangle a quarter of the frame wide and high in its centre, to be placed with the keyboard. */
export function centreRect(frame: Size): Rect {
  const quarter = { x: frame.width / 4, y: frame.height / 4 };
  const centre = { x: frame.width / 2, y: frame.height / 2 };
  return rectFromPoints(
    { x: centre.x - quarter.x / 2, y: centre.y - quarter.y / 2 },
    { x: centre.x + quarter.x / 2, y: centre.y + quarter.y / 2 },
    frame,
  );
}

/** Where on `rect` the handle sits. */
export function handlePoint(rect: Rect, handle: Handle): Point {
  const across = handle.includes("w") ? 0 : handle.includes("e") ? 1 : 0.5;
  const down = handle.includes("n") ? 0 : handle.includes("s") ? 1 : 0.5;
  return { x: rect.left + rect.width * across, y: rect.top + rect.height * down };
}

/** Indices of the rectangles within `slack` of the point: smallest first, then the one drawn last. */
export function hits(rects: readonly Rect[], point: Point, slack = 0): number[] {
  return rects
    .map((rect, at) => ({ at, rect, area: rect.width * rect.height }))
    .filter(
      ({ rect }) =>
        point.x >= rect.left - slack &&
        point.x <= rect.left + rect.width + slack &&
        point.y >= rect.top - slack &&
        point.y <= rect.top + rect.height + slack,
    )
    .sort((a, b) => a.area - b.area || b.at - a.at)
    .map(({ at }) => at);
}
