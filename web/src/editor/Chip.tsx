import { textColour } from "./colours";
import type { Rect, Size } from "./geometry";

const HEIGHT = 20;

interface ChipProps {
  label: string;
  colour: string;
  /** The box it belongs to, in canvas pixels. */
  shown: Rect;
  canvas: Size;
  /** Leaves room for the handles. */
  selected: boolean;
}

/**
 * The label of a box: above it, or inside where there is no room above. HTML, because SVG text can neither have a
 * background of its own width nor be cut off with an ellipsis.
 */
export function Chip({ label, colour, shown, canvas, selected }: ChipProps) {
  const above = shown.top - HEIGHT - (selected ? 7 : 0);
  return (
    <span
      className="editor-chip"
      style={{
        left: Math.max(shown.left - 1, 0),
        top: above < 0 ? Math.max(shown.top, 0) : above,
        maxWidth: Math.max(shown.width + 2, Math.min(160, canvas.width - shown.left), 48),
        background: colour,
        color: textColour(colour),
      }}
    >
      {label}
    </span>
  );
}

/** Width and height of the box in image pixels, at its lower right corner while it changes. */
export function SizeChip({ rect, shown }: { rect: Rect; shown: Rect }) {
  const corner = { left: shown.left + shown.width, top: shown.top + shown.height };
  return (
    <span className="editor-chip editor-chip-size" style={corner}>
      {rect.width} × {rect.height}
    </span>
  );
}
