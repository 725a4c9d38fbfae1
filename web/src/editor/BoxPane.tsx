import Button from "@cloudscape-design/components/button";
import type { Box, Label } from "./annotation";

interface BoxPaneProps {
  boxes: readonly Box[];
  labels: readonly Label[];
  selected: number | null;
  disabled: boolean;
  colourOf: (label: string) => string;
  onSelect: (at: number) => void;
  onRelabel: (at: number, label: string) => void;
  onRemove: (at: number) => void;
}

/** The boxes of the image as a list: select, relabel, delete. */
export function BoxPane({ boxes, labels, selected, disabled, colourOf, onSelect, onRelabel, onRemove }: BoxPaneProps) {
  return (
    <section className="editor-section" aria-labelledby="editor-boxes">
      <h2 id="editor-boxes">Boxes ({boxes.length})</h2>
      {boxes.length === 0 && (
        <p className="editor-hint">Press on the image, drag to the opposite corner and release. Or press N.</p>
      )}
      <ol className="editor-list" aria-label="Boxes">
        {boxes.map((box, at) => (
          <li key={at} className={at === selected ? "editor-row editor-row-selected" : "editor-row"}>
            <button
              type="button"
              className="editor-pick"
              aria-pressed={at === selected}
              aria-label={`Select box ${at + 1}: ${box.label}`}
              data-testid={`pick-${at}`}
              onClick={() => onSelect(at)}
            >
              <span className="editor-swatch" style={{ background: colourOf(box.label) }} />
              {at + 1}
            </button>
            <select
              aria-label={`Label of box ${at + 1}`}
              value={box.label}
              disabled={disabled}
              data-testid={`relabel-${at}`}
              onChange={(event) => onRelabel(at, event.target.value)}
            >
              {namesFor(box, labels).map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
            <span className="editor-size">
              {box.width} × {box.height}
            </span>
            <Button
              variant="icon"
              iconName="remove"
              ariaLabel={`Delete box ${at + 1}: ${box.label}`}
              disabled={disabled}
              onClick={() => onRemove(at)}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The dataset's labels, and the box's own should it be gone from the dataset. */
function namesFor(box: Box, labels: readonly Label[]): string[] {
  const names = labels.map(({ name }) => name);
  return names.includes(box.label) ? names : [box.label, ...names];
}
