import Button from "@cloudscape-design/components/button";
import type { IconProps } from "@cloudscape-design/components/icon";
import type { ReactNode } from "react";
import type { Command } from "./keys";

type Action = Extract<
  Command["do"],
  "previous" | "next" | "undo" | "redo" | "zoomIn" | "zoomOut" | "fit" | "copyToNext" | "help" | "save" | "done"
>;

interface ToolbarProps {
  index: number;
  total: number;
  /** Zoom in percent of the image's own size; null while there is no image. */
  percent: number | null;
  canUndo: boolean;
  canRedo: boolean;
  canCopy: boolean;
  dirty: boolean;
  busy: boolean;
  run: (command: { do: Action }) => void;
  onExit: () => void;
}

/** The bar above the canvas. Everything in it has a shortcut too, except to leave. */
export function Toolbar({ index, total, percent, canUndo, canRedo, canCopy, dirty, busy, run, onExit }: ToolbarProps) {
  const tool = (action: Action, icon: IconProps.Name, name: string, shortcut: string, enabled = true) => (
    <Button
      variant="icon"
      iconName={icon}
      ariaLabel={`${name} (${shortcut})`}
      disabled={!enabled || busy}
      onClick={() => run({ do: action })}
    />
  );
  const last = index >= total - 1;
  return (
    <div className="editor-toolbar" role="group" aria-label="Tools">
      <Group>
        {tool("previous", "angle-left", "Previous image", "Shift+←", index > 0)}
        <span className="editor-count" data-testid="editor-count">
          {index + 1} of {total}
        </span>
        {tool("next", "angle-right", "Next image", "Shift+→", !last)}
        {tool("copyToNext", "copy", "Copy boxes to next", "C", canCopy && !last)}
      </Group>
      <Group>
        {tool("undo", "undo", "Undo", "Ctrl+Z", canUndo)}
        {tool("redo", "redo", "Redo", "Ctrl+Y", canRedo)}
      </Group>
      <Group>
        {tool("zoomOut", "zoom-out", "Zoom out", "−", percent !== null)}
        <span className="editor-percent" data-testid="editor-percent">
          {percent === null ? "–" : `${Math.round(percent)}%`}
        </span>
        {tool("zoomIn", "zoom-in", "Zoom in", "+", percent !== null)}
        {tool("fit", "zoom-to-fit", "Fit to the window", "0", percent !== null)}
      </Group>
      <Group>{tool("help", "keyboard", "Keyboard shortcuts", "?")}</Group>
      <div className="editor-leave">
        <Button disabled={!dirty} loading={busy} loadingText="Saving changes" onClick={() => run({ do: "save" })}>
          Save changes
        </Button>
        <Button disabled={busy} onClick={onExit}>
          Exit
        </Button>
        <Button variant="primary" disabled={busy} onClick={() => run({ do: "done" })}>
          Done
        </Button>
      </div>
    </div>
  );
}

function Group({ children }: { children: ReactNode }) {
  return <div className="editor-tools">{children}</div>;
}
