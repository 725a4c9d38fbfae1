import { describe, expect, it } from "vitest";
import { toggled } from "./selection";

const IDS = ["a", "b", "c", "d", "e"];

describe("toggled", () => {
  it.each([
    ["a click selects", [], null, 1, false, ["b"]],
    ["a second click deselects", ["b"], "b", 1, false, []],
    ["a range goes down", ["b"], "b", 3, true, ["b", "c", "d"]],
    ["a range goes up", ["d"], "d", 1, true, ["b", "c", "d"]],
    ["a range deselects where its end was selected", ["b", "c", "d"], "b", 3, true, []],
    ["a range without a beginning is one", [], null, 2, true, ["c"]],
    ["a beginning that is not shown counts as none", ["x"], "x", 2, true, ["c", "x"]],
    ["beyond the end nothing happens", ["a"], "a", 9, false, ["a"]],
  ] as const)("%s", (_, before, last, index, range, expected) => {
    expect([...toggled(IDS, new Set(before), last, index, range)].sort()).toEqual(expected);
  });
});
