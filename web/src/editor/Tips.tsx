import Button from "@cloudscape-design/components/button";

const SEEN = "customlabels.editor.tips";

/** Whether the tips were closed before, in this browser. A browser that keeps nothing shows them every time. */
export function tipsSeen(): boolean {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false;
  }
}

/** Not to be shown again. */
export function rememberTips(): void {
  try {
    localStorage.setItem(SEEN, "seen");
  } catch {
    // Storage is full or forbidden: the tips come again next time, which harms nobody.
  }
}

/** How to draw, for those who are here for the first time. Lies over the canvas and lets the pointer through. */
export function Tips({ onClose }: { onClose: () => void }) {
  return (
    <aside className="editor-tips" aria-label="Tips" data-testid="editor-tips">
      <h2>How to draw boxes</h2>
      <ol>
        <li>Choose a label in the list of labels.</li>
        <li>Press at one corner of the object, drag to the opposite corner, release.</li>
        <li>Click a box to select it. Drag it or its handles; the Delete key removes it.</li>
        <li>Shift+→ goes to the next image, Shift+D is Done, ? lists all keys.</li>
      </ol>
      <Button variant="primary" onClick={onClose}>
        Got it
      </Button>
    </aside>
  );
}
