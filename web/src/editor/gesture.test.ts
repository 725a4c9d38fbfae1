import { describe, expect, it } from "vitest";
import { clicked, drag, type Gesture, preview } from "./gesture";

const VIEW = { scale: 2, x: 10, y: 20 };
const FRAME = { width: 100, height: 80 };
const BOXES = [
  { label: "Big", left: 0, top: 0, width: 50, height: 50 },
  { label: "Small", left: 10, top: 10, width: 10, height: 10 },
];
const at = (x: number, y: number) => ({ x: x * VIEW.scale + VIEW.x, y: y * VIEW.scale + VIEW.y });
const press = (x: number, y: number) => ({ from: at(x, y), to: at(x, y), far: false });

describe("a press", () => {
  it("becomes a drag once it went further than a hand shakes, and stays one", () => {
    const start: Gesture = { kind: "draw", ...press(10, 10) };
    const shaken = drag(start, { x: start.from.x + 3, y: start.from.y }, "mouse");
    expect(preview(shaken, BOXES, VIEW, FRAME)).toBeNull();
    const away = drag(start, at(30, 40), "mouse");
    expect(preview(drag(away, at(11, 11), "mouse"), BOXES, VIEW, FRAME)).toMatchObject({ width: 2, height: 2 });
  });

  it("of a finger may shake more", () => {
    const start: Gesture = { kind: "draw", ...press(10, 10) };
    const to = { x: start.from.x + 7, y: start.from.y };
    expect(preview(drag(start, to, "touch"), BOXES, VIEW, FRAME)).toBeNull();
    expect(preview(drag(start, to, "mouse"), BOXES, VIEW, FRAME)).not.toBeNull();
  });

  it.each<[string, Gesture, object]>([
    ["draws", { kind: "draw", ...press(10, 10) }, { left: 10, top: 10, width: 20, height: 30 }],
    ["moves", { kind: "move", at: 1, ...press(10, 10) }, { left: 30, top: 40, width: 10, height: 10 }],
    ["resizes", { kind: "resize", at: 1, handle: "se", ...press(10, 10) }, { left: 10, top: 10, width: 30, height: 40 }],
  ])("%s in image pixels", (_, start, expected) => {
    expect(preview(drag(start, at(30, 40), "mouse"), BOXES, VIEW, FRAME)).toEqual(expected);
  });
});

describe("a click", () => {
  it.each([
    [15, 15, null, 1],
    [15, 15, 1, 0],
    [15, 15, 0, 1],
    [40, 40, 1, 0],
    [70, 70, 1, null],
  ])("at %d, %d while %s is selected selects %s", (x, y, selected, expected) => {
    expect(clicked(BOXES, at(x, y), VIEW, selected)).toBe(expected);
  });
});
