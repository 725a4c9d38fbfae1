import { type Box, count, type EditorImage, sameBox, sameBoxes } from "./annotation";
import { cropRect, growRect, moveRect, type Rect, type Size } from "./geometry";
import { begin, type History, mapHistory, push, redo, undo } from "./history";

/** One image with what its boxes were when last saved and everything done to them since. */
export interface ImageState {
  readonly sourceRef: string;
  readonly name: string;
  readonly url: string;
  /** Null until somebody knows the size: the entry or the loaded image. */
  readonly frame: Size | null;
  readonly status: "waiting" | "ready" | "broken";
  readonly saved: readonly Box[];
  readonly history: History<readonly Box[]>;
}

/** What just happened, in words; a warning says why nothing did. `turn` tells two equal texts apart. */
export interface Notice {
  readonly text: string;
  readonly warning: boolean;
  readonly turn: number;
}

export interface EditorState {
  readonly images: readonly ImageState[];
  readonly index: number;
  readonly selected: number | null;
  readonly label: string | null;
  readonly clipboard: readonly Box[];
  readonly maxBoxes: number;
  readonly notice: Notice;
}

export type Action =
  | { type: "go"; to: number }
  | { type: "loaded"; index: number; frame: Size }
  | { type: "broken"; index: number }
  | { type: "choose"; label: string }
  | { type: "select"; at: number | null }
  | { type: "add"; rect: Rect; label: string }
  | { type: "reshape"; at: number; rect: Rect; how: "moved" | "resized" }
  | { type: "nudge" | "grow"; dx: number; dy: number }
  | { type: "relabel"; at: number; label: string }
  | { type: "remove"; at: number }
  | { type: "copy" }
  | { type: "paste" }
  | { type: "copyToNext" }
  | { type: "undo" }
  | { type: "redo" }
  | { type: "saved"; images: readonly ImageState[] }
  | { type: "warn"; text: string }
  | { type: "dismiss" };

/** How far a box is pasted from an equal one, so that both can be seen. */
const PASTE_STEP = 10;

/** The state the editor opens with. */
export function openEditor(images: readonly EditorImage[], start: number, maxBoxes: number): EditorState {
  return {
    images: images.map(({ sourceRef, name, url, width, height, boxes }) => ({
      sourceRef,
      name,
      url,
      frame: width && height ? { width, height } : null,
      status: "waiting",
      saved: boxes,
      history: begin<readonly Box[]>(boxes),
    })),
    index: Math.min(Math.max(start, 0), Math.max(images.length - 1, 0)),
    selected: null,
    label: null,
    clipboard: [],
    maxBoxes,
    notice: { text: "", warning: false, turn: 0 },
  };
}

/** The images that have unsaved changes. An image whose changes were undone has none. */
export function unsaved(state: EditorState): ImageState[] {
  return state.images.filter(({ saved, history }) => !sameBoxes(saved, history.present));
}

/** The boxes of the current image. */
export function currentBoxes(state: EditorState): readonly Box[] {
  return state.images[state.index]?.history.present ?? [];
}

/** The next state. Pure; an action that does not apply (nothing selected, no next image) changes nothing or warns. */
export function reduce(state: EditorState, action: Action): EditorState {
  const image = state.images[state.index];
  if (!image) return state;
  const boxes = image.history.present;
  switch (action.type) {
    case "go":
      return go(state, action.to);
    case "loaded":
      return loaded(state, action.index, action.frame);
    case "broken":
      return withImage(state, action.index, (broken) => ({ ...broken, status: "broken" }));
    case "choose":
      return say({ ...state, label: action.label }, `Label ${action.label} chosen`);
    case "select":
      if (action.at === state.selected || (action.at !== null && !boxes[action.at])) return state;
      return { ...state, selected: action.at };
    case "add": {
      if (boxes.length >= state.maxBoxes) return warn(state, fullText(state));
      const added = edit(state, [...boxes, { label: action.label, ...action.rect }], boxes.length);
      return say(added, `Box ${action.label} drawn, ${count(boxes.length + 1)}`);
    }
    case "reshape":
      return reshape(state, action.at, { ...action.rect }, action.how);
    case "nudge":
    case "grow": {
      const box = state.selected === null ? undefined : boxes[state.selected];
      if (!box || state.selected === null || !image.frame) return state;
      const change = action.type === "nudge" ? moveRect : growRect;
      const run = `${action.type} ${state.selected}`;
      const how = action.type === "nudge" ? "moved" : "resized";
      return reshape(state, state.selected, change(box, action.dx, action.dy, image.frame), how, run);
    }
    case "relabel": {
      const box = boxes[action.at];
      if (!box || box.label === action.label) return state;
      const relabelled = edit(state, boxes.with(action.at, { ...box, label: action.label }), action.at);
      return say(relabelled, `Box ${action.at + 1} is now ${action.label}`);
    }
    case "remove": {
      const box = boxes[action.at];
      if (!box) return state;
      const removed = edit(state, boxes.toSpliced(action.at, 1), null);
      return say(removed, `Box ${box.label} deleted, ${count(boxes.length - 1)}`);
    }
    case "copy": {
      const chosen = state.selected === null ? undefined : boxes[state.selected];
      const clipboard = chosen ? [chosen] : boxes;
      if (clipboard.length === 0) return warn(state, "There are no boxes to copy on this image.");
      return say({ ...state, clipboard }, `${count(clipboard.length)} copied`);
    }
    case "paste":
      return paste(state, image);
    case "copyToNext":
      return copyToNext(state, boxes);
    case "undo":
      return travel(state, undo, "Undone");
    case "redo":
      return travel(state, redo, "Redone");
    case "saved": {
      // What was sent, not what is there now: somebody may have gone on drawing meanwhile.
      const sent = new Map(action.images.map(({ sourceRef, history }) => [sourceRef, history.present]));
      const images = state.images.map((each) => ({ ...each, saved: sent.get(each.sourceRef) ?? each.saved }));
      return say({ ...state, images }, "Changes saved");
    }
    case "warn":
      return warn(state, action.text);
    case "dismiss":
      return say(state, "");
  }
}

function go(state: EditorState, to: number): EditorState {
  const image = state.images[to];
  if (!image || to === state.index) return state;
  const place = `Image ${to + 1} of ${state.images.length}`;
  const boxes = count(image.history.present.length);
  return say({ ...state, index: to, selected: null }, `${place}, ${image.name}, ${boxes}`);
}

/** The image's true size is known. Boxes that reach over its edge are cropped: that is no change of the user's. */
function loaded(state: EditorState, index: number, frame: Size): EditorState {
  const fit = (boxes: readonly Box[]) => {
    const cropped = boxes.map((box) => cropRect(box, frame));
    return sameBoxes(cropped, boxes) ? boxes : cropped;
  };
  return withImage(state, index, (image) => ({
    ...image,
    frame,
    status: "ready",
    saved: fit(image.saved),
    history: mapHistory(image.history, fit),
  }));
}

function reshape(state: EditorState, at: number, rect: Rect, how: string, run?: string): EditorState {
  const boxes = currentBoxes(state);
  const box = boxes[at];
  if (!box) return state;
  const shaped = { ...box, ...rect };
  if (sameBox(shaped, box)) return { ...state, selected: at };
  const { left, top, width, height } = shaped;
  const where = `${width} by ${height} pixels at ${left}, ${top}`;
  return say(edit(state, boxes.with(at, shaped), at, run), `Box ${box.label} ${how}: ${where}`);
}

function paste(state: EditorState, { frame, history }: ImageState): EditorState {
  const boxes = history.present;
  if (!frame) return warn(state, "The image has not loaded yet.");
  if (state.clipboard.length === 0) return warn(state, "Copy boxes first, with Ctrl+C.");
  if (boxes.length + state.clipboard.length > state.maxBoxes) return warn(state, fullText(state));
  const pasted = [...boxes];
  for (const copied of state.clipboard) {
    let box = bringInside(copied, frame);
    if (pasted.some((other) => sameBox(other, box))) box = moveRect(box, PASTE_STEP, PASTE_STEP, frame);
    pasted.push(box);
  }
  const selected = state.clipboard.length === 1 ? boxes.length : null;
  return say(edit(state, pasted, selected), `${count(state.clipboard.length)} pasted, ${count(pasted.length)}`);
}

function copyToNext(state: EditorState, boxes: readonly Box[]): EditorState {
  const next = state.images[state.index + 1];
  if (!next) return warn(state, "This is the last image: there is no next one to copy to.");
  if (boxes.length === 0) return warn(state, "There are no boxes to copy on this image.");
  const { frame, history } = next;
  const fitted = frame ? boxes.map((box) => bringInside(box, frame)) : boxes;
  const fresh = fitted.filter((box) => !history.present.some((other) => sameBox(other, box)));
  const all = [...history.present, ...fresh];
  if (all.length > state.maxBoxes) {
    return warn(state, `The next image would have ${all.length} boxes; an image holds at most ${state.maxBoxes}.`);
  }
  const there = go(state, state.index + 1);
  const copied = fresh.length === 0 ? there : edit(there, all, null);
  return say(copied, `${count(fresh.length)} copied to image ${there.index + 1}, ${next.name}, ${count(all.length)}`);
}

/** A copy from a larger image is made small enough, then moved inside. */
function bringInside(box: Box, frame: Size): Box {
  const width = Math.min(box.width, frame.width);
  const height = Math.min(box.height, frame.height);
  return moveRect({ ...box, width, height }, 0, 0, frame);
}

function travel(state: EditorState, step: typeof undo<readonly Box[]>, word: string): EditorState {
  const before = currentBoxes(state);
  const moved = withImage(state, state.index, (image) => ({ ...image, history: step(image.history) }));
  const after = currentBoxes(moved);
  if (after === before) return say(state, `Nothing to be ${word.toLowerCase()}`);
  // With another number of boxes the index may mean another box.
  const selected = after.length === before.length ? state.selected : null;
  return say({ ...moved, selected }, `${word}, ${count(after.length)}`);
}

function edit(state: EditorState, boxes: readonly Box[], selected: number | null, run?: string): EditorState {
  const changed = withImage(state, state.index, (image) => ({ ...image, history: push(image.history, boxes, run) }));
  return { ...changed, selected };
}

function withImage(state: EditorState, index: number, change: (image: ImageState) => ImageState): EditorState {
  const image = state.images[index];
  return image ? { ...state, images: state.images.with(index, change(image)) } : state;
}

function say(state: EditorState, text: string, warning = false): EditorState {
  return { ...state, notice: { text, warning, turn: state.notice.turn + 1 } };
}

function warn(state: EditorState, text: string): EditorState {
  return say(state, text, true);
}

function fullText({ maxBoxes }: EditorState): string {
  return `An image holds at most ${maxBoxes} boxes. Delete a box to make room.`;
}
