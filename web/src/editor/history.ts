/** Undo and redo over immutable values: every function returns a new history or the one it got. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** Names a run of small steps (ten nudges of one box) that is undone as a whole. */
  readonly run: string | null;
}

/** How many steps can be undone. */
export const LIMIT = 200;

/** A history that starts at `present`. */
export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], run: null };
}

/** `next` becomes the present; what could be redone is gone. Steps with the same `run` count as one. */
export function push<T>(history: History<T>, next: T, run: string | null = null): History<T> {
  if (next === history.present) return history;
  const past = run !== null && run === history.run ? history.past : [...history.past, history.present].slice(-LIMIT);
  return { past, present: next, future: [], run };
}

/** One step back, or the same history at its beginning. */
export function undo<T>(history: History<T>): History<T> {
  if (history.past.length === 0) return history;
  const present = history.past[history.past.length - 1] as T;
  return { past: history.past.slice(0, -1), present, future: [history.present, ...history.future], run: null };
}

/** One step forward again, or the same history at its end. */
export function redo<T>(history: History<T>): History<T> {
  if (history.future.length === 0) return history;
  const [present, ...future] = history.future as [T, ...T[]];
  return { past: [...history.past, history.present], present, future, run: null };
}

/** Every state passed through `change`, e.g. when the frame that all must fit turns out smaller. */
export function mapHistory<T>(history: History<T>, change: (value: T) => T): History<T> {
  return {
    past: history.past.map(change),
    present: change(history.present),
    future: history.future.map(change),
    run: history.run,
  };
}
