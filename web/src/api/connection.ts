import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let reached = true;

/** Notes whether the server answered just now. */
export function noteAnswer(answered: boolean): void {
  if (answered === reached) return;
  reached = answered;
  listeners.forEach((listener) => listener());
}

/** Whether the server answered what it was asked last. */
export function useReached(): boolean {
  return useSyncExternalStore(subscribe, () => reached);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
