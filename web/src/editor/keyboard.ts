import { useEffect, useState } from "react";
import { type Command, commandFor } from "./keys";

/** Runs `run` for every shortcut pressed while `enabled`, unless somebody is typing. */
export function useShortcuts(enabled: boolean, selected: boolean, run: (command: Command) => void): void {
  useEffect(() => {
    if (!enabled) return;
    const keydown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return;
      const command = commandFor(event, selected);
      if (!command) return;
      event.preventDefault();
      run(command);
    };
    window.addEventListener("keydown", keydown);
    return () => window.removeEventListener("keydown", keydown);
  });
}

/** Whether Space is held down, other than to press a button or to type. */
export function useHeldSpace(): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    const keydown = (event: KeyboardEvent) => {
      if (event.key !== " " || isTyping(event.target)) return;
      if (event.target instanceof HTMLElement && event.target.closest("button, a")) return;
      event.preventDefault();
      setHeld(true);
    };
    const keyup = (event: KeyboardEvent) => {
      if (event.key === " ") setHeld(false);
    };
    const blur = () => setHeld(false);
    window.addEventListener("keydown", keydown);
    window.addEventListener("keyup", keyup);
    window.addEventListener("blur", blur);
    return () => {
      window.removeEventListener("keydown", keydown);
      window.removeEventListener("keyup", keyup);
      window.removeEventListener("blur", blur);
    };
  }, []);
  return held;
}

/** Whether keys pressed at `target` are text or choose from a list. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const fields = "input, textarea, select, [role=combobox], [role=listbox]";
  return target.isContentEditable || target.closest(fields) !== null;
}
