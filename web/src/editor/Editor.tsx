import "./editor.css";
import "./panes.css";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useEffect, useReducer, useState } from "react";
import { createPortal } from "react-dom";
import type { Change, EditorImage, Label } from "./annotation";
import { useInertBackground } from "./background";
import { BoxPane } from "./BoxPane";
import { Canvas } from "./Canvas";
import { labelColour, labelColours } from "./colours";
import { ExitDialog } from "./ExitDialog";
import { centreRect, type Rect } from "./geometry";
import { Help } from "./Help";
import { useHeldSpace, useShortcuts } from "./keyboard";
import type { Command } from "./keys";
import { LabelPane } from "./LabelPane";
import { useSave, useUnloadWarning } from "./save";
import { currentBoxes, openEditor, reduce, unsaved } from "./state";
import { rememberTips, Tips, tipsSeen } from "./Tips";
import { Toolbar } from "./Toolbar";
import { useViewport } from "./viewport";

export type { Box, Change, EditorImage, Label } from "./annotation";

export interface EditorProps {
  /** Read once, when the editor opens. */
  images: EditorImage[];
  /** Index of the image to open with. */
  start?: number;
  labels: Label[];
  /** Most boxes an image may have. */
  maxBoxes: number;
  /** Stores the changed images; rejects with an Error whose message is shown as it is. */
  onSave: (changes: Change[]) => Promise<void>;
  /** Leave. The editor has asked about unsaved changes before. */
  onExit: () => void;
  /** Adds a label to the dataset; the new list arrives in `labels`. */
  onAddLabel?: (name: string) => Promise<void>;
  /** Told whenever there start or cease to be unsaved changes, e.g. to hold the browser's back button. */
  onDirtyChange?: (dirty: boolean) => void;
}

/** The full-screen editor of bounding boxes, over everything else on the page. */
export function Editor(props: EditorProps) {
  const { images, start = 0, labels, maxBoxes, onSave, onExit, onAddLabel, onDirtyChange } = props;
  const [state, dispatch] = useReducer(reduce, null, () => openEditor(images, start, maxBoxes));
  const [dialog, setDialog] = useState<"help" | "exit" | null>(null);
  const [tips, setTips] = useState(() => !tipsSeen());
  const [root, setRoot] = useState<HTMLDivElement | null>(null);

  const { index, selected, notice } = state;
  const image = state.images[index];
  const boxes = currentBoxes(state);
  const changed = unsaved(state);
  const dirty = changed.length > 0;
  const label = labels.find(({ name }) => name === state.label)?.name ?? labels[0]?.name ?? null;
  const viewport = useViewport(image?.frame ?? null, index);
  const { busy, error, save, dismiss } = useSave(onSave, (stored) => dispatch({ type: "saved", images: stored }));
  const colours = labelColours(labels);
  const colourOf = (name: string) => colours.get(name) ?? labelColour(name);

  useInertBackground(root);
  useUnloadWarning(dirty);
  useEffect(() => onDirtyChange?.(dirty), [dirty, onDirtyChange]);
  useNeighbours(state.images[index - 1]?.url, state.images[index + 1]?.url);

  const dismissNotice = () => dispatch({ type: "dismiss" });
  const closeTips = () => {
    rememberTips();
    setTips(false);
  };
  const draw = (rect: Rect) => {
    if (label === null) {
      dispatch({ type: "warn", text: "There is no label yet. Add one first, then draw." });
    } else {
      dispatch({ type: "add", rect, label });
      if (tips) closeTips();
    }
  };
  const done = async () => {
    if (await save(changed)) onExit();
  };
  const exit = () => (dirty ? setDialog("exit") : onExit());

  const run = (command: Command) => {
    if (busy) return;
    switch (command.do) {
      case "previous":
        return dispatch({ type: "go", to: index - 1 });
      case "next":
        return dispatch({ type: "go", to: index + 1 });
      case "save":
        return void save(changed);
      case "done":
        return void done();
      case "label": {
        const chosen = labels[command.index];
        return chosen && dispatch({ type: "choose", label: chosen.name });
      }
      case "relabel":
        return selected !== null && label !== null && dispatch({ type: "relabel", at: selected, label });
      case "remove":
        return selected !== null && dispatch({ type: "remove", at: selected });
      case "cancel":
        return dispatch({ type: "select", at: null });
      case "new":
        return image?.status === "ready" && image.frame && draw(centreRect(image.frame));
      case "nudge":
      case "grow":
        return dispatch({ type: command.do, dx: command.dx, dy: command.dy });
      case "zoomIn":
      case "zoomOut":
      case "fit":
        return viewport[command.do]();
      case "help":
        return setDialog("help");
      default:
        return dispatch({ type: command.do });
    }
  };
  useShortcuts(dialog === null, selected !== null, run);
  const panning = useHeldSpace();

  return createPortal(
    <div
      ref={setRoot}
      className="editor"
      role="dialog"
      aria-modal="true"
      aria-label="Draw bounding boxes"
      data-testid="editor"
    >
      <header className="editor-header">
        <h1 title={image?.name}>{image?.name ?? "No images"}</h1>
        <Toolbar
          index={index}
          total={state.images.length}
          percent={viewport.view && viewport.view.scale * 100}
          canUndo={(image?.history.past.length ?? 0) > 0}
          canRedo={(image?.history.future.length ?? 0) > 0}
          canCopy={boxes.length > 0}
          dirty={dirty}
          busy={busy}
          run={run}
          onExit={exit}
        />
      </header>
      <div className="editor-work">
        {image ? (
          <Canvas
            image={image}
            index={index}
            selected={selected}
            viewport={viewport}
            panning={panning}
            disabled={busy}
            colourOf={colourOf}
            label={label}
            onDraw={draw}
            onReshape={(at, rect, how) => dispatch({ type: "reshape", at, rect, how })}
            onSelect={(at) => dispatch({ type: "select", at })}
            onLoad={(frame) => dispatch({ type: "loaded", index, frame })}
            onError={() => dispatch({ type: "broken", index })}
          />
        ) : (
          <p className="editor-message">Choose images in the gallery first, then draw boxes on them.</p>
        )}
        <div className="editor-alerts">
          {error && dialog !== "exit" && (
            <Alert type="error" dismissible dismissAriaLabel="Dismiss" onDismiss={dismiss}>
              {error}
            </Alert>
          )}
          {notice.warning && (
            <Alert type="warning" dismissible dismissAriaLabel="Dismiss" onDismiss={dismissNotice}>
              {notice.text}
            </Alert>
          )}
        </div>
        {tips && <Tips onClose={closeTips} />}
      </div>
      <aside className="editor-pane" aria-label="Labels and boxes">
        <LabelPane
          labels={labels}
          current={label}
          colourOf={colourOf}
          onChoose={(name) => dispatch({ type: "choose", label: name })}
          onAdd={onAddLabel}
        />
        <BoxPane
          boxes={boxes}
          labels={labels}
          selected={selected}
          disabled={busy}
          colourOf={colourOf}
          onSelect={(at) => dispatch({ type: "select", at })}
          onRelabel={(at, name) => dispatch({ type: "relabel", at, label: name })}
          onRemove={(at) => dispatch({ type: "remove", at })}
        />
        <Button variant="link" iconName="keyboard" onClick={() => setDialog("help")}>
          Keyboard shortcuts
        </Button>
      </aside>
      <div className="editor-said" aria-live="polite" data-testid="editor-said">
        <span key={notice.turn}>{notice.text}</span>
      </div>
      {dialog === "help" && <Help onClose={() => setDialog(null)} />}
      {dialog === "exit" && (
        <ExitDialog
          images={changed.length}
          busy={busy}
          error={error}
          onSave={() => void done()}
          onDiscard={onExit}
          onCancel={() => setDialog(null)}
        />
      )}
    </div>,
    document.body,
  );
}

/** Has the browser fetch the images that are likely to be shown next. */
function useNeighbours(...urls: (string | undefined)[]): void {
  const [before, after] = urls;
  useEffect(() => {
    for (const url of [after, before]) if (url) new Image().src = url;
  }, [before, after]);
}
