import { describe, expect, it } from "vitest";
import type { Outcome, TestImage } from "../../api/types";
import { chosen } from "./worst";

const image = (name: string, ...items: [string, Outcome, number][]): TestImage => ({
  SourceRef: `s3://b/${name}`,
  Items: items.map(([Label, Outcome, Confidence]) => ({ Label, Outcome, Confidence, Predicted: null, Truth: null })),
});
const IMAGES = [
  image("right", ["Puppy", "TP", 90]),
  image("alarm", ["Puppy", "TP", 70], ["Kitten", "FP", 80]),
  image("missed", ["Puppy", "FN", 0]),
  image("empty"),
];
const ALL = { label: "", outcomes: ["TP", "FP", "FN"] as Outcome[], confidence: [0, 100] as const, sort: "worst" as const };
const names = (images: TestImage[]) => images.map((one) => one.SourceRef.slice(7));

describe("chosen", () => {
  it.each([
    ["all, the worst first", {}, ["missed", "alarm", "empty", "right"]],
    ["one outcome", { outcomes: ["FP"] }, ["alarm"]],
    ["one label", { label: "Puppy" }, ["missed", "alarm", "right"]],
    ["what the model was sure of, and what it did not see at all", { confidence: [75, 100] }, ["missed", "alarm", "right"]],
    ["by name", { sort: "name" }, ["alarm", "empty", "missed", "right"]],
    ["the least sure first", { sort: "confidence", outcomes: ["TP"] }, ["alarm", "right"]],
    ["no outcome", { outcomes: [] }, []],
  ] as const)("%s", (_, change, expected) => {
    expect(names(chosen(IMAGES, { ...ALL, ...(change) }))).toEqual(expected);
  });

  it("keeps only the items that were asked for", () => {
    expect(chosen(IMAGES, { ...ALL, outcomes: ["FP"] })[0]?.Items).toHaveLength(1);
  });
});
