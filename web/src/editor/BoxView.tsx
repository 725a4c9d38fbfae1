import type { Box } from "./annotation";
import { type Handle, handlePoint, HANDLES, type Rect } from "./geometry";

/** Below this length, in screen pixels, a side has no room for a handle in its middle. */
const ROOM_FOR_MIDDLE = 26;

interface BoxViewProps {
  at: number;
  box: Box;
  /** Where it is drawn, in canvas pixels. */
  shown: Rect;
  colour: string;
  selected: boolean;
  onSelect: (at: number) => void;
}

/** One box on the canvas. The pointer is handled by the canvas; focus and assistive technology select through this. */
export function BoxView({ at, box, shown, colour, selected, onSelect }: BoxViewProps) {
  const { left, top, width, height } = box;
  return (
    <g
      role="button"
      tabIndex={0}
      aria-label={`Box ${at + 1}: ${box.label}, ${width} by ${height} pixels at ${left}, ${top}`}
      aria-pressed={selected}
      data-box={at}
      data-testid={`box-${at}`}
      className={selected ? "editor-box editor-box-selected" : "editor-box"}
      onFocus={() => onSelect(at)}
      onClick={(event) => {
        // Clicks of a pointer (detail > 0) are already handled; this one comes from a screen reader.
        if (event.detail === 0) onSelect(at);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") onSelect(at);
      }}
    >
      <rect className="editor-box-halo" {...place(shown)} />
      <rect className="editor-box-edge" {...place(shown)} stroke={colour} fill={colour} />
    </g>
  );
}

/** The eight handles of the selected box, drawn above all boxes. */
export function Handles({ shown, colour }: { shown: Rect; colour: string }) {
  return (
    <g aria-hidden="true">
      {HANDLES.filter((handle) => hasRoom(handle, shown)).map((handle) => {
        const { x, y } = handlePoint(shown, handle);
        return (
          <g
            key={handle}
            data-handle={handle}
            data-testid={`handle-${handle}`}
            className={`editor-handle editor-handle-${handle}`}
            transform={`translate(${x} ${y})`}
          >
            <circle className="editor-handle-reach" />
            <rect className="editor-handle-dot" x={-5} y={-5} width={10} height={10} rx={2} stroke={colour} />
          </g>
        );
      })}
    </g>
  );
}

/** The rectangle of a box that is being drawn. */
export function DraftView({ shown, colour }: { shown: Rect; colour: string }) {
  return (
    <g data-testid="draft" aria-hidden="true" className="editor-box editor-box-selected">
      <rect className="editor-box-halo" {...place(shown)} />
      <rect className="editor-box-edge" {...place(shown)} stroke={colour} fill={colour} />
    </g>
  );
}

function place({ left, top, width, height }: Rect) {
  return { x: left, y: top, width, height };
}

function hasRoom(handle: Handle, { width, height }: Rect): boolean {
  if (handle === "n" || handle === "s") return width >= ROOM_FOR_MIDDLE;
  if (handle === "e" || handle === "w") return height >= ROOM_FOR_MIDDLE;
  return true;
}
