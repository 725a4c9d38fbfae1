import { useEffect, useState } from "react";

/** While `editor` is open what lies under it can be neither focused nor read; then focus goes back to where it was. */
export function useInertBackground(editor: HTMLElement | null): void {
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    if (!editor) return;
    // Dialogs that open later are added to the body later and stay usable.
    const under = [...document.body.children].filter(
      (element): element is HTMLElement =>
        element instanceof HTMLElement && !element.contains(editor) && !element.inert && element.tagName !== "SCRIPT",
    );
    for (const element of under) element.inert = true;
    return () => {
      for (const element of under) element.inert = false;
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [editor, before]);
}
