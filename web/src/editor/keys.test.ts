// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { isTyping } from "./keyboard";
import { commandFor, type KeyPress, SHORTCUTS } from "./keys";

/** "ctrl+shift+Z" as the browser would report it. */
function press(chord: string, code?: string): KeyPress {
  const parts = chord.split("+");
  const key = chord.endsWith("+") ? "+" : (parts.at(-1) ?? "");
  const held = (name: string) => parts.slice(0, -1).includes(name);
  return { key, code, ctrlKey: held("ctrl"), metaKey: held("cmd"), shiftKey: held("shift"), altKey: held("alt") };
}

describe("shortcuts", () => {
  it.each([
    ["shift+ArrowRight", "next", "next"],
    ["shift+ArrowLeft", "previous", "previous"],
    ["shift+D", "done", "done"],
    ["d", "next", "next"],
    ["D", "next", "next"],
    ["a", "previous", "previous"],
    ["c", "copyToNext", "copyToNext"],
    ["ctrl+c", "copy", "copy"],
    ["cmd+v", "paste", "paste"],
    ["ctrl+z", "undo", "undo"],
    ["cmd+shift+Z", "redo", "redo"],
    ["ctrl+y", "redo", "redo"],
    ["ctrl+s", "save", "save"],
    ["n", "new", "new"],
    ["Escape", "cancel", "cancel"],
    ["+", "zoomIn", "zoomIn"],
    ["shift++", "zoomIn", "zoomIn"],
    ["=", "zoomIn", "zoomIn"],
    ["-", "zoomOut", "zoomOut"],
    ["0", "fit", "fit"],
    ["?", "help", "help"],
    ["shift+?", "help", "help"],
    ["Delete", undefined, "remove"],
    ["Backspace", undefined, "remove"],
    ["l", undefined, "relabel"],
    ["ArrowRight", "next", "nudge"],
    ["ArrowLeft", "previous", "nudge"],
    ["ArrowUp", undefined, "nudge"],
    ["ctrl+ArrowUp", undefined, "nudge"],
    ["alt+ArrowUp", undefined, "grow"],
    ["ctrl+0", undefined, undefined],
    ["ctrl+a", undefined, undefined],
    ["alt+d", undefined, undefined],
    ["Tab", undefined, undefined],
    ["constructor", undefined, undefined],
  ])("%s: %s, with a selected box %s", (chord, without, selected) => {
    expect(commandFor(press(chord), false)?.do).toBe(without);
    expect(commandFor(press(chord), true)?.do).toBe(selected);
  });

  it.each([
    ["ArrowLeft", { do: "nudge", dx: -1, dy: 0 }],
    ["ctrl+ArrowDown", { do: "nudge", dx: 0, dy: 10 }],
    ["alt+ArrowRight", { do: "grow", dx: 1, dy: 0 }],
    ["1", { do: "label", index: 0 }],
    ["9", { do: "label", index: 8 }],
  ])("%s says how far or which", (chord, expected) => {
    expect(commandFor(press(chord), true)).toEqual(expected);
  });

  it.each([
    ["в", "KeyD", "next"],
    ["&", "Digit1", "label"],
    ["q", "KeyA", undefined],
    ["shift+!", "Digit1", undefined],
  ])("the key %s in the place %s means %s", (chord, code, expected) => {
    expect(commandFor(press(chord, code), false)?.do).toBe(expected);
  });

  it("has one meaning for a chord in either situation", () => {
    for (const situation of ["selected", "unselected"] as const) {
      const chords = SHORTCUTS.flatMap(({ shortcuts }) => shortcuts)
        .filter(({ when }) => when === undefined || when === situation)
        .flatMap((shortcut) => Object.keys(shortcut.chords));
      expect(chords).toEqual([...new Set(chords)]);
    }
  });
});

it.each([
  ["<input>", true],
  ["<textarea></textarea>", true],
  ["<select></select>", true],
  ["<button></button>", false],
  ["<div></div>", false],
])("in %s one types: %s", (html, expected) => {
  document.body.innerHTML = html;
  expect(isTyping(document.body.firstElementChild)).toBe(expected);
});
