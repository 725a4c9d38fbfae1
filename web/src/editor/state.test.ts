import { describe, expect, it } from "vitest";
import type { Box, EditorImage } from "./annotation";
import { MIN_SIDE } from "./geometry";
import { seeded } from "./seeded";
import { type Action, currentBoxes, type EditorState, openEditor, reduce, unsaved } from "./state";

const PUPPY: Box = { label: "Puppy", left: 10, top: 20, width: 30, height: 40 };
const KITTEN: Box = { label: "Kitten", left: 50, top: 50, width: 10, height: 10 };
const RECT = { left: 1, top: 2, width: 3, height: 4 };

function image(at: number, boxes: Box[] = []): EditorImage {
  return { sourceRef: `s3://b/${at}.jpg`, name: `${at}.jpg`, url: `/${at}`, width: 100, height: 80, boxes };
}

function after(state: EditorState, ...actions: Action[]): EditorState {
  return actions.reduce(reduce, state);
}

const open = (...boxes: Box[][]) => openEditor(boxes.map((each, at) => image(at + 1, each)), 0, 50);

describe("boxes", () => {
  it("a drawn box gets the label, is selected and announced", () => {
    const state = after(open([KITTEN]), { type: "add", rect: RECT, label: "Puppy" });
    expect(currentBoxes(state)).toEqual([KITTEN, { label: "Puppy", ...RECT }]);
    expect(state.selected).toBe(1);
    expect(state.notice).toMatchObject({ text: "Box Puppy drawn, 2 boxes", warning: false });
  });

  it.each<[string, Action, Box[]]>([
    ["moved", { type: "reshape", at: 0, rect: RECT, how: "moved" }, [{ label: "Puppy", ...RECT }]],
    ["nudged", { type: "nudge", dx: -1, dy: 10 }, [{ ...PUPPY, left: 9, top: 30 }]],
    ["nudged against the edge", { type: "nudge", dx: 0, dy: 999 }, [{ ...PUPPY, top: 40 }]],
    ["resized", { type: "grow", dx: 1, dy: -1 }, [{ ...PUPPY, width: 31, height: 39 }]],
    ["relabelled", { type: "relabel", at: 0, label: "Kitten" }, [{ ...PUPPY, label: "Kitten" }]],
    ["deleted", { type: "remove", at: 0 }, []],
  ])("a box is %s, and undo brings it back", (_, action, expected) => {
    const start = after(open([PUPPY]), { type: "select", at: 0 });
    const changed = after(start, action);
    expect(currentBoxes(changed)).toEqual(expected);
    expect(currentBoxes(after(changed, { type: "undo" }))).toEqual([PUPPY]);
    expect(currentBoxes(after(changed, { type: "undo" }, { type: "redo" }))).toEqual(expected);
  });

  it("the limit is named when it is reached", () => {
    const full = openEditor([image(1, [PUPPY, KITTEN])], 0, 2);
    const state = after(full, { type: "add", rect: RECT, label: "Puppy" });
    expect(currentBoxes(state)).toHaveLength(2);
    expect(state.notice).toMatchObject({ text: "An image holds at most 2 boxes. Delete a box to make room.", warning: true });
  });

  it("each image has its own undo", () => {
    const state = after(
      open([], [PUPPY]),
      { type: "add", rect: RECT, label: "Puppy" },
      { type: "go", to: 1 },
      { type: "remove", at: 0 },
      { type: "undo" },
      { type: "undo" },
      { type: "go", to: 0 },
    );
    expect(currentBoxes(state)).toHaveLength(1);
    expect(currentBoxes(after(state, { type: "undo" }))).toEqual([]);
  });
});

describe("copy", () => {
  it("pastes the selected box on another image", () => {
    const state = after(
      open([PUPPY, KITTEN], []),
      { type: "select", at: 1 },
      { type: "copy" },
      { type: "go", to: 1 },
      { type: "paste" },
    );
    expect(currentBoxes(state)).toEqual([KITTEN]);
    expect(state.selected).toBe(0);
  });

  it("pastes all boxes while none is selected, beside equal ones", () => {
    const state = after(open([PUPPY, KITTEN]), { type: "copy" }, { type: "paste" });
    expect(currentBoxes(state).slice(2)).toEqual([
      { ...PUPPY, left: 20, top: 30 },
      { ...KITTEN, left: 60, top: 60 },
    ]);
  });

  it("brings boxes inside a smaller image", () => {
    const small = { ...image(2), width: 20, height: 30 };
    const state = after(openEditor([image(1, [PUPPY]), small], 0, 50), { type: "copyToNext" });
    expect(currentBoxes(state)).toEqual([{ label: "Puppy", left: 0, top: 0, width: 20, height: 30 }]);
  });

  it("to the next image goes there and adds what it lacks, as one step", () => {
    const state = after(open([PUPPY, KITTEN], [PUPPY]), { type: "copyToNext" });
    expect(state.index).toBe(1);
    expect(currentBoxes(state)).toEqual([PUPPY, KITTEN]);
    expect(currentBoxes(after(state, { type: "undo" }))).toEqual([PUPPY]);
  });

  it.each<[string, EditorState, string]>([
    ["without a next image", open([PUPPY]), "This is the last image"],
    ["without boxes", open([], []), "There are no boxes to copy"],
    ["over the limit", openEditor([image(1, [PUPPY]), image(2, [KITTEN])], 0, 1), "at most 1"],
  ])("%s stays and says why", (_, start, reason) => {
    const state = after(start, { type: "copyToNext" });
    expect(state.index).toBe(0);
    expect(state.notice.warning).toBe(true);
    expect(state.notice.text).toContain(reason);
  });
});

describe("unsaved changes", () => {
  it("are the images that differ from what was saved", () => {
    const start = open([PUPPY], []);
    expect(unsaved(start)).toEqual([]);
    const drawn = after(start, { type: "go", to: 1 }, { type: "add", rect: RECT, label: "Puppy" });
    expect(unsaved(drawn).map(({ name }) => name)).toEqual(["2.jpg"]);
    expect(unsaved(after(drawn, { type: "undo" }))).toEqual([]);
  });

  it("are gone once saved, and back when the saved step is undone", () => {
    const drawn = after(open([]), { type: "add", rect: RECT, label: "Puppy" });
    const saved = after(drawn, { type: "saved", images: unsaved(drawn) });
    expect(unsaved(saved)).toEqual([]);
    expect(unsaved(after(saved, { type: "undo" }))).toHaveLength(1);
  });

  it("stay for what was drawn while the save was under way", () => {
    const sent = after(open([]), { type: "add", rect: RECT, label: "Puppy" });
    const more = after(sent, { type: "add", rect: RECT, label: "Kitten" }, { type: "saved", images: unsaved(sent) });
    expect(unsaved(more)).toHaveLength(1);
  });

  it("do not come from cropping to the loaded image", () => {
    const state = after(open([{ ...PUPPY, left: 90 }]), { type: "loaded", index: 0, frame: { width: 100, height: 80 } });
    expect(currentBoxes(state)).toEqual([{ ...PUPPY, left: 90, width: 10 }]);
    expect(unsaved(state)).toEqual([]);
  });
});

describe("going through images", () => {
  it.each([
    [1, 1],
    [-1, 0],
    [2, 0],
  ])("to %d ends at %d", (to, expected) => {
    expect(after(open([], []), { type: "go", to }).index).toBe(expected);
  });

  it("deselects and says where it is", () => {
    const state = after(open([PUPPY], [KITTEN]), { type: "select", at: 0 }, { type: "go", to: 1 });
    expect(state.selected).toBeNull();
    expect(state.notice.text).toBe("Image 2 of 2, 2.jpg, 1 box");
  });

  it("opens nothing when there are no images", () => {
    const state = openEditor([], 3, 50);
    expect(after(state, { type: "add", rect: RECT, label: "Puppy" }, { type: "undo" }, { type: "copy" })).toBe(state);
  });
});

it("any sequence of actions keeps boxes whole, inside and within the limit, and redo takes back undo", () => {
  const random = seeded(11);
  const whole = (below: number) => Math.floor(random() * below);
  const actions: (() => Action)[] = [
    () => ({ type: "add", rect: { left: whole(90), top: whole(70), width: 2 + whole(9), height: 2 + whole(9) }, label: "A" }),
    () => ({ type: "nudge", dx: whole(41) - 20, dy: whole(41) - 20 }),
    () => ({ type: "grow", dx: whole(41) - 20, dy: whole(41) - 20 }),
    () => ({ type: "select", at: random() < 0.2 ? null : whole(8) }),
    () => ({ type: "remove", at: whole(8) }),
    () => ({ type: "relabel", at: whole(8), label: "B" }),
    () => ({ type: "go", to: whole(3) }),
    () => ({ type: "copy" }),
    () => ({ type: "paste" }),
    () => ({ type: "copyToNext" }),
    () => ({ type: "undo" }),
    () => ({ type: "redo" }),
  ];
  let state = openEditor([image(1), image(2, [PUPPY]), image(3)], 0, 8);
  for (let step = 0; step < 5000; step++) {
    const make = actions[whole(actions.length)];
    if (make) state = reduce(state, make());
    const boxes = currentBoxes(state);
    expect(boxes.length).toBeLessThanOrEqual(8);
    for (const { left, top, width, height } of boxes) {
      expect([left, top, width, height].every(Number.isInteger)).toBe(true);
      expect(left >= 0 && top >= 0 && left + width <= 100 && top + height <= 80).toBe(true);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(MIN_SIDE);
    }
    const { past } = state.images[state.index]?.history ?? { past: [] };
    if (past.length > 0) expect(currentBoxes(after(state, { type: "undo" }, { type: "redo" }))).toEqual(boxes);
  }
});
