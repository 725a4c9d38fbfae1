import { useCallback, useMemo, useState } from "react";

export interface Selection {
  /** What is selected of the page that is shown, in its order. */
  chosen: string[];
  has: (id: string) => boolean;
  /** Selects or deselects one; with `range` all from the last one to it. */
  toggle: (index: number, range: boolean) => void;
  toggleAll: () => void;
  clear: () => void;
}

/** Which of some things are selected, `first` to begin with; what is not shown any more is not. */
export function useSelection(ids: string[], first?: string): Selection {
  const [known, setKnown] = useState<ReadonlySet<string>>(() => new Set(first === undefined ? [] : [first]));
  const [last, setLast] = useState<string | null>(null);
  const chosen = useMemo(() => ids.filter((id) => known.has(id)), [ids, known]);
  const toggle = useCallback(
    (index: number, range: boolean) => {
      setKnown((before) => toggled(ids, before, last, index, range));
      setLast(ids[index] ?? null);
    },
    [ids, last],
  );
  return {
    chosen,
    has: (id) => known.has(id),
    toggle,
    toggleAll: () => setKnown(chosen.length === ids.length ? new Set() : new Set(ids)),
    clear: () => setKnown(new Set()),
  };
}

/** The selection after a click on `index`: a range takes the state that the clicked one gets. */
export function toggled(
  ids: string[],
  before: ReadonlySet<string>,
  last: string | null,
  index: number,
  range: boolean,
): ReadonlySet<string> {
  const id = ids[index];
  if (id === undefined) return before;
  const select = !before.has(id);
  const from = range && last !== null ? ids.indexOf(last) : -1;
  const [start, end] = from < 0 ? [index, index] : [Math.min(from, index), Math.max(from, index)];
  const after = new Set(before);
  for (const one of ids.slice(start, end + 1)) {
    if (select) after.add(one);
    else after.delete(one);
  }
  return after;
}
