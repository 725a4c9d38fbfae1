import { expect, it } from "vitest";
import { labelColour, labelColours, textColour } from "./colours";

it("gives a name the same colour every time", () => {
  expect(labelColour("Puppy")).toBe(labelColour("Puppy"));
  expect(labelColour("Puppy")).toMatch(/^#[0-9a-f]{6}$/);
});

it.each([
  ["#AABBCC", "#aabbcc"],
  ["red; background: url(x)", labelColour("Puppy")],
  ["", labelColour("Puppy")],
  [null, labelColour("Puppy")],
])("takes the chosen colour %s only if it is one", (given, expected) => {
  expect(labelColour("Puppy", given)).toBe(expected);
});

it("keeps up to twenty labels apart, and never changes a chosen colour", () => {
  const taken = labelColour("Label 3");
  const labels = [{ name: "Mine", colour: taken }, ...Array.from({ length: 19 }, (_, at) => ({ name: `Label ${at}` }))];
  const colours = labelColours(labels);
  expect(new Set(colours.values()).size).toBe(20);
  expect(colours.get("Mine")).toBe(taken);
});

it("two labels look different, whatever their names", () => {
  for (let at = 0; at < 200; at++) {
    const [first = "", second = ""] = labelColours([{ name: `a${at}` }, { name: `b${at}` }]).values();
    const apart = [1, 3, 5].map((from) => parseInt(first.slice(from, from + 2), 16) - parseInt(second.slice(from, from + 2), 16));
    expect(Math.hypot(...apart), `${first} ${second}`).toBeGreaterThan(110);
  }
});

it("adding a label at the end changes no earlier colour", () => {
  const labels = Array.from({ length: 12 }, (_, at) => ({ name: `Label ${at}` }));
  const before = labelColours(labels.slice(0, 11));
  const after = labelColours(labels);
  for (const [name, colour] of before) expect(after.get(name)).toBe(colour);
});

it.each([
  ["#ffff00", "#000000"],
  ["#000080", "#ffffff"],
  ["#ffffff", "#000000"],
])("on %s one reads %s", (background, expected) => {
  expect(textColour(background)).toBe(expected);
});
