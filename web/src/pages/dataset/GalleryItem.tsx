import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { fileName } from "../../api/names";
import type { Picture } from "../../api/types";
import { Thumbnail } from "../../components/Boxed";
import { labelColour, textColour } from "../../editor/colours";

interface Props {
  image: Picture;
  colours: ReadonlyMap<string, string>;
  selected: boolean;
  onSelect: (range: boolean) => void;
}

/** One image of the gallery: its picture and boxes, name, labels, and what is wrong with it. */
export function GalleryItem({ image, colours, selected, onSelect }: Props) {
  const name = fileName(image.SourceRef);
  const labels = [...new Set([...image.Labels, ...image.Boxes.map((box) => box.Label)])];
  return (
    <li className="gallery-item" data-selected={selected} data-testid="image">
      <input
        type="checkbox"
        className="gallery-check"
        checked={selected}
        aria-label={`Select ${name}`}
        onChange={(event) => onSelect(event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)}
      />
      <button
        type="button"
        className="gallery-picture"
        tabIndex={-1}
        aria-hidden="true"
        onClick={(event) => onSelect(event.shiftKey)}
        onMouseDown={(event) => event.shiftKey && event.preventDefault()}
      >
        <Thumbnail sourceRef={image.SourceRef} alt="" boxes={image.Boxes} width={image.Width} height={image.Height} colours={colours} />
      </button>
      <div className="gallery-text">
        <span className="gallery-name" title={image.SourceRef}>
          {name}
        </span>
        <span className="chips">
          {labels.map((label) => (
            <span key={label} className="chip" title={label} style={chip(colours.get(label) ?? labelColour(label))}>
              {label}
              {image.Boxes.length > 0 && countOf(image, label)}
            </span>
          ))}
        </span>
        {!image.Labeled && <StatusIndicator type="pending">Unlabelled</StatusIndicator>}
        {image.Errors.map((error, i) => (
          <details key={i}>
            <summary>
              <StatusIndicator type="error">{error.Code}</StatusIndicator>
            </summary>
            {error.Message}
          </details>
        ))}
      </div>
    </li>
  );
}

function countOf(image: Picture, label: string): string {
  const number = image.Boxes.filter((box) => box.Label === label).length;
  return number > 1 ? ` ×${number}` : "";
}

function chip(background: string) {
  return { background, color: textColour(background) };
}
