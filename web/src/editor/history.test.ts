import { describe, expect, it } from "vitest";
import { begin, type History, LIMIT, mapHistory, push, redo, undo } from "./history";
import { seeded } from "./seeded";

const values = <T>({ past, present, future }: History<T>) => ({ past, present, future });

describe("history", () => {
  it("goes back and forth", () => {
    const three = push(push(begin("a"), "b"), "c");
    expect(undo(three).present).toBe("b");
    expect(undo(undo(three)).present).toBe("a");
    expect(redo(undo(three)).present).toBe("c");
  });

  it("stays where it is at both ends", () => {
    const one = begin("a");
    expect(undo(one)).toBe(one);
    expect(redo(one)).toBe(one);
    expect(push(one, "a")).toBe(one);
  });

  it("forgets what was undone once something new happens", () => {
    expect(redo(push(undo(push(begin("a"), "b")), "c")).present).toBe("c");
  });

  it("undoes a run of small steps as a whole, but not across another step", () => {
    const nudged = push(push(push(begin(0), 1, "nudge 0"), 2, "nudge 0"), 3, "nudge 0");
    expect(undo(nudged).present).toBe(0);
    const interrupted = push(push(nudged, 10), 11, "nudge 0");
    expect(undo(interrupted).present).toBe(10);
    expect(undo(push(redo(undo(nudged)), 4, "nudge 0")).present).toBe(3);
  });

  it(`keeps ${LIMIT} steps`, () => {
    let history = begin(0);
    for (let step = 1; step <= LIMIT + 50; step++) history = push(history, step);
    for (let step = 0; step < LIMIT + 50; step++) history = undo(history);
    expect(history.present).toBe(50);
  });

  it("maps every state", () => {
    const mapped = mapHistory(undo(push(push(begin(1), 2), 3)), (value) => value * 10);
    expect(values(mapped)).toEqual({ past: [10], present: 20, future: [30] });
  });

  it("undo then redo gives the same state, whatever happened before", () => {
    const random = seeded(7);
    let history = begin(0);
    for (let step = 1; step < 1000; step++) {
      const before = history;
      if (before.past.length > 0) expect(values(redo(undo(before)))).toEqual(values(before));
      if (before.future.length > 0) expect(values(undo(redo(before)))).toEqual(values(before));
      const turn = random();
      if (turn < 0.5) history = push(before, step, turn < 0.2 ? "run" : null);
      else history = turn < 0.8 ? undo(before) : redo(before);
    }
  });
});
