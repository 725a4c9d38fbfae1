import { describe, expect, it } from "vitest";
import {
  centreRect,
  cropRect,
  growRect,
  handlePoint,
  HANDLES,
  hits,
  MIN_SIDE,
  moveRect,
  type Rect,
  rectFromPoints,
  resizeRect,
} from "./geometry";
import { seeded } from "./seeded";

const FRAME = { width: 100, height: 80 };

function rect(left: number, top: number, width: number, height: number): Rect {
  return { left, top, width, height };
}

describe("drawing", () => {
  it.each([
    ["down right", [10, 20], [40, 60], rect(10, 20, 30, 40)],
    ["up left", [40, 60], [10, 20], rect(10, 20, 30, 40)],
    ["up right", [10, 60], [40, 20], rect(10, 20, 30, 40)],
    ["between pixels", [10.4, 20.6], [39.7, 60.2], rect(10, 21, 30, 39)],
    ["from outside the frame to outside", [-50, -1], [500, 81], rect(0, 0, 100, 80)],
    ["to a line, which gets the minimum", [10, 20], [10, 60], rect(10, 20, MIN_SIDE, 40)],
    ["to a line at the right edge", [100, 20], [100, 60], rect(98, 20, MIN_SIDE, 40)],
    ["wholly outside", [200, 200], [300, 300], rect(98, 78, MIN_SIDE, MIN_SIDE)],
  ])("%s", (_, [ax = 0, ay = 0], [bx = 0, by = 0], expected) => {
    expect(rectFromPoints({ x: ax, y: ay }, { x: bx, y: by }, FRAME)).toEqual(expected);
  });

  it("starts keyboard boxes in the centre", () => {
    expect(centreRect(FRAME)).toEqual(rect(38, 30, 25, 20));
  });
});

describe("moving", () => {
  it.each([
    [5, -5, rect(15, 15, 30, 40)],
    [0.4, 0.6, rect(10, 21, 30, 40)],
    [-99, -99, rect(0, 0, 30, 40)],
    [99, 99, rect(70, 40, 30, 40)],
  ])("by %d, %d keeps the size and the frame", (dx, dy, expected) => {
    expect(moveRect(rect(10, 20, 30, 40), dx, dy, FRAME)).toEqual(expected);
  });

  it("keeps the label", () => {
    expect(moveRect({ label: "Puppy", ...rect(0, 0, 5, 5) }, 1, 1, FRAME).label).toBe("Puppy");
  });
});

describe("resizing by a handle", () => {
  const start = rect(40, 30, 20, 20);

  it.each([
    ["nw", rect(43, 34, 17, 16)],
    ["n", rect(40, 34, 20, 16)],
    ["ne", rect(40, 34, 23, 16)],
    ["e", rect(40, 30, 23, 20)],
    ["se", rect(40, 30, 23, 24)],
    ["s", rect(40, 30, 20, 24)],
    ["sw", rect(43, 30, 17, 24)],
    ["w", rect(43, 30, 17, 20)],
  ] as const)("%s moves the edges it holds and no others", (handle, expected) => {
    expect(resizeRect(start, handle, 3, 4, FRAME)).toEqual(expected);
  });

  it.each([
    ["e", -30, 0, rect(30, 30, 10, 20)],
    ["w", 35, 0, rect(60, 30, 15, 20)],
    ["s", 0, -30, rect(40, 20, 20, 10)],
    ["nw", 30, 30, rect(60, 50, 10, 10)],
  ] as const)("%s dragged past the opposite edge flips", (handle, dx, dy, expected) => {
    expect(resizeRect(start, handle, dx, dy, FRAME)).toEqual(expected);
  });

  it("stops at the frame and at the minimum", () => {
    expect(resizeRect(start, "se", 999, 999, FRAME)).toEqual(rect(40, 30, 60, 50));
    expect(resizeRect(start, "e", -20, 0, FRAME)).toEqual(rect(40, 30, MIN_SIDE, 20));
    expect(resizeRect(rect(98, 0, 2, 10), "w", 2, 0, FRAME)).toEqual(rect(98, 0, MIN_SIDE, 10));
  });

  it("puts the handles on the edges", () => {
    expect(handlePoint(start, "nw")).toEqual({ x: 40, y: 30 });
    expect(handlePoint(start, "e")).toEqual({ x: 60, y: 40 });
    expect(handlePoint(start, "s")).toEqual({ x: 50, y: 50 });
  });
});

describe("growing with the keyboard", () => {
  it.each([
    [1, -1, rect(10, 10, 21, 19)],
    [-99, -99, rect(10, 10, MIN_SIDE, MIN_SIDE)],
    [99, 99, rect(10, 10, 90, 70)],
  ])("by %d, %d never flips", (dx, dy, expected) => {
    expect(growRect(rect(10, 10, 20, 20), dx, dy, FRAME)).toEqual(expected);
  });
});

describe("cropping what another tool wrote", () => {
  it.each([
    [rect(-10, -10, 30, 30), rect(0, 0, 20, 20)],
    [rect(90, 70, 30, 30), rect(90, 70, 10, 10)],
    [rect(10.5, 10.5, 20.2, 20.2), rect(11, 11, 20, 20)],
    [rect(10, 10, 20, 20), rect(10, 10, 20, 20)],
  ])("%o", (given, expected) => {
    expect(cropRect(given, FRAME)).toEqual(expected);
  });
});

describe("hit test", () => {
  const boxes = [rect(0, 0, 80, 80), rect(10, 10, 20, 20), rect(15, 15, 20, 20), rect(90, 0, 5, 5)];

  it.each([
    [20, 20, 0, [2, 1, 0]],
    [11, 11, 0, [1, 0]],
    [85, 40, 0, []],
    [85, 40, 5, [0]],
  ])("at %d, %d: smallest first, then the last drawn", (x, y, slack, expected) => {
    expect(hits(boxes, { x, y }, slack)).toEqual(expected);
  });
});

it("any sequence of drags leaves whole pixels inside the frame and at least the minimum", () => {
  const random = seeded(4);
  const anywhere = () => (random() - 0.25) * 200;
  for (const frame of [FRAME, { width: 3, height: 500 }, { width: 2, height: 2 }]) {
    let box = centreRect(frame);
    for (let step = 0; step < 2000; step++) {
      const [dx, dy] = [anywhere() - 50, anywhere() - 50];
      const turn = Math.floor(random() * 11);
      const handle = HANDLES[turn];
      if (handle) box = resizeRect(box, handle, dx, dy, frame);
      else if (turn === 8) box = moveRect(box, dx, dy, frame);
      else if (turn === 9) box = growRect(box, Math.round(dx), Math.round(dy), frame);
      else box = rectFromPoints({ x: anywhere(), y: anywhere() }, { x: anywhere(), y: anywhere() }, frame);
      expect(Object.values(box).every(Number.isInteger), JSON.stringify(box)).toBe(true);
      expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0);
      expect(box.left + box.width).toBeLessThanOrEqual(frame.width);
      expect(box.top + box.height).toBeLessThanOrEqual(frame.height);
      expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(MIN_SIDE);
    }
  }
});
