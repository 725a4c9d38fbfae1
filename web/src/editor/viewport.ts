import { useCallback, useEffect, useState } from "react";
import type { Size } from "./geometry";
import { fitView, keepInSight, type View, zoomAt } from "./view";

const ZOOM_STEP = 1.25;

export interface Viewport {
  /** Null until both the image and the canvas have a size. */
  view: View | null;
  canvas: Size;
  /** To be attached to the element that the image is shown in. */
  attach: (element: HTMLElement | null) => void;
  change: (next: (view: View, canvas: Size) => View) => void;
  zoomIn: () => void;
  zoomOut: () => void;
  fit: () => void;
}

/** Zoom and pan of the image at `index`. Every image opens fitted, and stays fitted while the window changes. */
export function useViewport(frame: Size | null, index: number): Viewport {
  const [element, attach] = useState<HTMLElement | null>(null);
  const [canvas, setCanvas] = useState<Size>({ width: 0, height: 0 });
  const [moved, setMoved] = useState<{ index: number; view: View } | null>(null);

  useEffect(() => {
    if (!element) return;
    const observer = new ResizeObserver(() => setCanvas({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);

  const known = frame !== null && canvas.width > 0 && canvas.height > 0;
  const own = moved !== null && moved.index === index ? moved.view : null;
  const view = known ? (own ? keepInSight(own, frame, canvas) : fitView(frame, canvas)) : null;

  const change = useCallback(
    (next: (view: View, canvas: Size) => View) => {
      if (!frame) return;
      setMoved((before) => {
        const from = before?.index === index ? before.view : fitView(frame, canvas);
        return { index, view: keepInSight(next(from, canvas), frame, canvas) };
      });
    },
    [frame, canvas, index],
  );

  const zoom = (factor: number) => {
    if (!frame) return;
    const centre = { x: canvas.width / 2, y: canvas.height / 2 };
    change((from) => zoomAt(from, factor, centre, frame, canvas));
  };
  return {
    view,
    canvas,
    attach,
    change,
    zoomIn: () => zoom(ZOOM_STEP),
    zoomOut: () => zoom(1 / ZOOM_STEP),
    fit: () => setMoved(null),
  };
}
