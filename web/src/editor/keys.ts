/** The editor's shortcuts: one table from which keys are handled and the help under `?` is written. */

export type Command =
  | {
      do:
        | "previous" | "next" | "done" | "save" | "remove" | "cancel" | "undo" | "redo" | "copy" | "paste"
        | "copyToNext" | "new" | "relabel" | "zoomIn" | "zoomOut" | "fit" | "help";
    }
  | { do: "label"; index: number }
  | { do: "nudge" | "grow"; dx: number; dy: number };

export interface Shortcut {
  /** What the help shows, e.g. "Ctrl+Z". */
  shown: string;
  help: string;
  /** Chords such as "ctrl+shift+z"; none for what the pointer or the browser does. */
  chords: Readonly<Record<string, Command>>;
  /** Only with, or only without, a selected box. */
  when?: "selected" | "unselected";
}

export interface ShortcutGroup {
  title: string;
  shortcuts: readonly Shortcut[];
}

const to = (action: Exclude<Command["do"], "label" | "nudge" | "grow">): Command => ({ do: action });

const arrows = (action: "nudge" | "grow", step: number, prefix = ""): Record<string, Command> => ({
  [`${prefix}arrowleft`]: { do: action, dx: -step, dy: 0 },
  [`${prefix}arrowright`]: { do: action, dx: step, dy: 0 },
  [`${prefix}arrowup`]: { do: action, dx: 0, dy: -step },
  [`${prefix}arrowdown`]: { do: action, dx: 0, dy: step },
});

const digits = Object.fromEntries(
  Array.from({ length: 9 }, (_, index): [string, Command] => [String(index + 1), { do: "label", index }]),
);

export const SHORTCUTS: readonly ShortcutGroup[] = [
  {
    title: "Images",
    shortcuts: [
      { shown: "Shift+→", help: "Next image", chords: { "shift+arrowright": to("next") } },
      { shown: "Shift+←", help: "Previous image", chords: { "shift+arrowleft": to("previous") } },
      { shown: "D or A", help: "Next or previous image", chords: { d: to("next"), a: to("previous") } },
      {
        shown: "→ or ←",
        help: "Next or previous image while no box is selected",
        chords: { arrowright: to("next"), arrowleft: to("previous") },
        when: "unselected",
      },
      { shown: "C", help: "Copy all boxes to the next image and go there", chords: { c: to("copyToNext") } },
      { shown: "Ctrl+S", help: "Save changes", chords: { "ctrl+s": to("save") } },
      { shown: "Shift+D", help: "Done: save and leave", chords: { "shift+d": to("done") } },
    ],
  },
  {
    title: "Boxes",
    shortcuts: [
      { shown: "1 to 9", help: "Choose a label", chords: digits },
      { shown: "Drag", help: "Draw a box; drag a selected box or its handles to move or resize it", chords: {} },
      { shown: "Shift+drag", help: "Draw a box even where the selected box is", chords: {} },
      { shown: "N", help: "New box in the centre", chords: { n: to("new") } },
      { shown: "Tab, Shift+Tab", help: "Go through the boxes", chords: {} },
      { shown: "Arrow keys", help: "Move the box by 1 pixel", chords: arrows("nudge", 1), when: "selected" },
      {
        shown: "Ctrl+arrow keys",
        help: "Move the box by 10 pixels",
        chords: arrows("nudge", 10, "ctrl+"),
        when: "selected",
      },
      {
        shown: "Alt+arrow keys",
        help: "Resize the box by 1 pixel",
        chords: arrows("grow", 1, "alt+"),
        when: "selected",
      },
      { shown: "L", help: "Give the selected box the chosen label", chords: { l: to("relabel") }, when: "selected" },
      {
        shown: "Delete",
        help: "Delete the selected box, as does Backspace",
        chords: { delete: to("remove"), backspace: to("remove") },
        when: "selected",
      },
      { shown: "Esc", help: "Stop drawing, or deselect", chords: { escape: to("cancel") } },
      { shown: "Ctrl+C", help: "Copy the selected box, or all boxes", chords: { "ctrl+c": to("copy") } },
      { shown: "Ctrl+V", help: "Paste boxes, on any image", chords: { "ctrl+v": to("paste") } },
      { shown: "Ctrl+Z", help: "Undo", chords: { "ctrl+z": to("undo") } },
      {
        shown: "Ctrl+Y",
        help: "Redo, as does Ctrl+Shift+Z",
        chords: { "ctrl+y": to("redo"), "ctrl+shift+z": to("redo") },
      },
    ],
  },
  {
    title: "View",
    shortcuts: [
      {
        shown: "+ − wheel",
        help: "Zoom in or out",
        chords: { "+": to("zoomIn"), "=": to("zoomIn"), "-": to("zoomOut") },
      },
      { shown: "0", help: "Fit the image to the window", chords: { "0": to("fit") } },
      { shown: "Space+drag", help: "Move the image; or drag with the middle button or two fingers", chords: {} },
      { shown: "?", help: "Show this help", chords: { "?": to("help") } },
    ],
  },
];

/** The parts of a `KeyboardEvent` that decide; Cmd counts as Ctrl. */
export interface KeyPress {
  key: string;
  code?: string;
  ctrlKey?: boolean;
  metaKey?: boolean;
  shiftKey?: boolean;
  altKey?: boolean;
}

/** The command of a key press, or null. `selected` says whether a box is selected. */
export function commandFor(press: KeyPress, selected: boolean): Command | null {
  return find(press, press.key, selected) ?? find(press, keyInPlace(press), selected);
}

/** On a Cyrillic keyboard the key in the place of D still means D, and on a French one the upper row still counts. */
function keyInPlace({ key, code = "" }: KeyPress): string {
  if (code.startsWith("Digit")) return code.slice("Digit".length);
  return code.startsWith("Key") && !/^[a-z]$/i.test(key) ? code.slice("Key".length) : "";
}

function find(press: KeyPress, key: string, selected: boolean): Command | null {
  // Where + and ? sit differs between keyboards: Shift is part of typing them.
  const symbol = /^[^\p{L}\d]$/u.test(key);
  const chord = [
    press.ctrlKey || press.metaKey ? "ctrl+" : "",
    press.altKey ? "alt+" : "",
    press.shiftKey && !symbol ? "shift+" : "",
    key.toLowerCase(),
  ].join("");
  for (const { chords, when } of SHORTCUTS.flatMap((group) => group.shortcuts)) {
    const command = Object.hasOwn(chords, chord) ? chords[chord] : undefined;
    if (command && (when === undefined || (when === "selected") === selected)) return command;
  }
  return null;
}
