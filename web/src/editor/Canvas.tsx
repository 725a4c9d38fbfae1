import { useEffect, useState } from "react";
import type { Box } from "./annotation";
import { BoxView, DraftView, Handles } from "./BoxView";
import { Chip, SizeChip } from "./Chip";
import { boxesAt } from "./gesture";
import type { Point, Rect, Size } from "./geometry";
import { Picture } from "./Picture";
import { usePointer } from "./pointer";
import type { ImageState } from "./state";
import { rectToScreen } from "./view";
import type { Viewport } from "./viewport";

interface CanvasProps {
  image: ImageState;
  index: number;
  selected: number | null;
  viewport: Viewport;
  panning: boolean;
  disabled: boolean;
  colourOf: (label: string) => string;
  /** The label that a drawn box will get, if there is one. */
  label: string | null;
  onDraw: (rect: Rect) => void;
  onReshape: (at: number, rect: Rect, how: "moved" | "resized") => void;
  onSelect: (at: number | null) => void;
  onLoad: (size: Size) => void;
  onError: () => void;
}

/** The image with its boxes: drawn, selected, moved and resized with mouse, pen or touch. */
export function Canvas(props: CanvasProps) {
  const { image, index, selected, viewport, panning, disabled, colourOf, label, onSelect } = props;
  const { view, canvas, attach } = viewport;
  const [svg, setSvg] = useState<SVGSVGElement | null>(null);
  const ready = image.status === "ready";
  const boxes = image.history.present;
  const { gesture, draft, hover, handlers } = usePointer(svg, {
    ...props,
    boxes,
    frame: image.frame,
    disabled: disabled || !ready,
  });
  useFocusOnSelected(svg, selected);

  const changing = gesture && "at" in gesture && draft ? gesture.at : null;
  const drawn: readonly Box[] = boxes.map((box, at) => (at === changing && draft ? { ...box, ...draft } : box));
  const active = selected === null ? undefined : drawn[selected];
  const movable = hover && view && selected !== null && boxesAt(boxes, hover, view).includes(selected);
  const cursor = panning || gesture?.kind === "pan" ? "pan" : movable || gesture?.kind === "move" ? "move" : "draw";

  return (
    <div className="editor-stage" ref={attach}>
      <Picture key={index} image={image} view={view} onLoad={props.onLoad} onError={props.onError} />
      {/* Arrow keys move the selected box: "application" makes screen readers hand them over. */}
      <svg
        ref={setSvg}
        role="application"
        aria-label={`Boxes on ${image.name}`}
        tabIndex={-1}
        className={`editor-canvas editor-canvas-${cursor}`}
        data-testid="editor-canvas"
        {...handlers}
        onMouseDown={(event) => {
          // The browser would focus the box under the pointer, and focus selects.
          event.preventDefault();
          event.currentTarget.focus({ preventScroll: true });
        }}
      >
        {view && ready && (
          <>
            {drawn.map((box, at) => (
              <BoxView
                key={at}
                at={at}
                box={box}
                shown={rectToScreen(box, view)}
                colour={colourOf(box.label)}
                selected={at === selected}
                onSelect={onSelect}
              />
            ))}
            {draft && changing === null && (
              <DraftView shown={rectToScreen(draft, view)} colour={colourOf(label ?? "")} />
            )}
            {active && gesture?.kind !== "draw" && (
              <Handles shown={rectToScreen(active, view)} colour={colourOf(active.label)} />
            )}
            {hover && cursor === "draw" && !disabled && <Crosshair at={hover} canvas={canvas} />}
          </>
        )}
      </svg>
      {view && ready && (
        <div className="editor-chips" aria-hidden="true">
          {drawn.map((box, at) => (
            <Chip
              key={at}
              label={box.label}
              colour={colourOf(box.label)}
              shown={rectToScreen(box, view)}
              canvas={canvas}
              selected={at === selected}
            />
          ))}
          {draft && <SizeChip rect={draft} shown={rectToScreen(draft, view)} />}
        </div>
      )}
    </div>
  );
}

/** Lines through the pointer, to line a box up with what is far from its corner. */
function Crosshair({ at, canvas }: { at: Point; canvas: Size }) {
  const lines = [
    { x1: 0, x2: canvas.width, y1: at.y, y2: at.y },
    { x1: at.x, x2: at.x, y1: 0, y2: canvas.height },
  ];
  return (
    <g className="editor-crosshair" aria-hidden="true">
      {lines.map((line, which) => (
        <line key={`light ${which}`} {...line} />
      ))}
      {lines.map((line, which) => (
        <line key={`dark ${which}`} {...line} className="editor-crosshair-dash" />
      ))}
    </g>
  );
}

/** Focus follows the selection on the canvas, but is never taken from the panes. */
function useFocusOnSelected(svg: SVGSVGElement | null, selected: number | null): void {
  useEffect(() => svg?.focus({ preventScroll: true }), [svg]);
  useEffect(() => {
    const focused = document.activeElement;
    if (!svg || !(focused === document.body || focused === null || svg.contains(focused))) return;
    const box = selected === null ? null : svg.querySelector<SVGGElement>(`[data-box="${selected}"]`);
    (box ?? svg).focus({ preventScroll: true });
  }, [svg, selected]);
}
