import { describe, expect, it } from "vitest";
import { fitView, keepInSight, pinchView, rectToScreen, scaleLimits, toImage, toScreen, zoomAt } from "./view";

const FRAME = { width: 400, height: 200 };
const CANVAS = { width: 432, height: 500 };

describe("fit", () => {
  it("shows the whole image in the middle", () => {
    expect(fitView(FRAME, CANVAS)).toEqual({ scale: 1, x: 16, y: 150 });
  });

  it("enlarges a tiny image, but no further than one can zoom", () => {
    expect(fitView({ width: 4, height: 4 }, CANVAS).scale).toBe(scaleLimits({ width: 4, height: 4 }, CANVAS)[1]);
  });
});

describe("screen and image", () => {
  const view = { scale: 2.5, x: -30, y: 12 };

  it("are inverse to each other", () => {
    const back = toScreen(toImage({ x: 77, y: 13 }, view), view);
    expect(back.x).toBeCloseTo(77);
    expect(back.y).toBeCloseTo(13);
  });

  it("scale boxes", () => {
    expect(rectToScreen({ left: 10, top: 20, width: 4, height: 6 }, view)).toEqual({
      left: -5,
      top: 62,
      width: 10,
      height: 15,
    });
  });
});

describe("zoom", () => {
  it("keeps the image point under the pointer", () => {
    const at = { x: 100, y: 180 };
    const before = fitView(FRAME, CANVAS);
    const after = zoomAt(before, 3, at, FRAME, CANVAS);
    expect(after.scale).toBe(3);
    expect(toImage(at, after).x).toBeCloseTo(toImage(at, before).x);
    expect(toImage(at, after).y).toBeCloseTo(toImage(at, before).y);
  });

  it.each([
    [1e6, 16],
    [1e-6, 0.5],
  ])("by %d stops at the limit %d", (factor, scale) => {
    expect(zoomAt(fitView(FRAME, CANVAS), factor, { x: 0, y: 0 }, FRAME, CANVAS).scale).toBe(scale);
  });
});

it("two fingers zoom by their spread and move with their middle", () => {
  const view = fitView(FRAME, CANVAS);
  const before = [{ x: 100, y: 200 }, { x: 200, y: 200 }] as const;
  const after = [{ x: 80, y: 230 }, { x: 280, y: 230 }] as const;
  const pinched = pinchView(view, before, after, FRAME, CANVAS);
  expect(pinched.scale).toBe(2);
  for (const finger of [0, 1] as const) {
    const held = toImage(before[finger], view);
    expect(toScreen(held, pinched).x).toBeCloseTo(after[finger].x);
    expect(toScreen(held, pinched).y).toBeCloseTo(after[finger].y);
  }
});

it("an image cannot be pushed out of sight", () => {
  expect(keepInSight({ scale: 1, x: 9999, y: -9999 }, FRAME, CANVAS)).toEqual({ scale: 1, x: 384, y: -152 });
});
