import { type PointerEvent, useEffect, useRef, useState } from "react";
import type { Box } from "./annotation";
import { boxesAt, clicked, drag, type Gesture, preview, wheelFactor } from "./gesture";
import { type Handle, HANDLES, type Point, type Rect, type Size } from "./geometry";
import { pinchView, type View, zoomAt } from "./view";
import type { Viewport } from "./viewport";

export interface Drawing {
  boxes: readonly Box[];
  selected: number | null;
  frame: Size | null;
  viewport: Viewport;
  /** While Space is held every press moves the image. */
  panning: boolean;
  disabled: boolean;
  onDraw: (rect: Rect) => void;
  onReshape: (at: number, rect: Rect, how: "moved" | "resized") => void;
  onSelect: (at: number | null) => void;
}

export interface PointerState {
  gesture: Gesture | null;
  /** The rectangle being drawn, moved or resized. */
  draft: Rect | null;
  /** Where the mouse or pen is, in canvas pixels, for the crosshair. */
  hover: Point | null;
  handlers: Record<
    "onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerCancel" | "onPointerLeave",
    (event: PointerEvent<SVGSVGElement>) => void
  >;
}

/** Mouse, pen and touch on the canvas: draw, select, move, resize, pan and pinch. */
export function usePointer(canvas: SVGSVGElement | null, drawing: Drawing): PointerState {
  const { boxes, selected, frame, viewport, panning, disabled, onDraw, onReshape, onSelect } = drawing;
  const { view } = viewport;
  const [gesture, setGesture] = useState<Gesture | null>(null);
  const [hover, setHover] = useState<Point | null>(null);
  const fingers = useRef(new Map<number, Point>());
  useWheel(canvas, frame, viewport);
  useCancelKey(gesture !== null, () => setGesture({ kind: "over" }));

  const draft = view && frame ? preview(gesture, boxes, view, frame) : null;

  const press = (event: PointerEvent, point: Point, from: View): Gesture | null => {
    if (fingers.current.size === 2) {
      const [first = point, second = point] = fingers.current.values();
      return { kind: "pinch", from: [first, second], view: from };
    }
    if (fingers.current.size > 2) return { kind: "over" };
    if (event.button === 1 || (event.button === 0 && panning)) return { kind: "pan", from: point, view: from };
    if (event.button !== 0 || disabled) return null;
    const start = { from: point, to: point, far: false };
    const handle = handleOf(event.target);
    if (selected !== null && handle) return { kind: "resize", at: selected, handle, ...start };
    const grabs = selected !== null && !event.shiftKey && boxesAt(boxes, point, from).includes(selected);
    return grabs ? { kind: "move", at: selected, ...start } : { kind: "draw", ...start };
  };

  const release = (finished: Gesture, point: Point, shown: View) => {
    if (!("far" in finished)) return;
    if (!finished.far) {
      if (finished.kind !== "resize") onSelect(clicked(boxes, point, shown, selected));
    } else if (draft) {
      if (finished.kind === "draw") onDraw(draft);
      else onReshape(finished.at, draft, finished.kind === "move" ? "moved" : "resized");
    }
  };

  const end = (event: PointerEvent, finish: boolean) => {
    fingers.current.delete(event.pointerId);
    if (finish && gesture && view) release(gesture, pointOf(event, canvas), view);
    setGesture(fingers.current.size > 0 ? { kind: "over" } : null);
  };

  return {
    gesture,
    draft,
    hover,
    handlers: {
      onPointerDown: (event) => {
        if (!view || !frame) return;
        const point = pointOf(event, canvas);
        fingers.current.set(event.pointerId, point);
        event.currentTarget.setPointerCapture(event.pointerId);
        setGesture(press(event, point, view));
      },
      onPointerMove: (event) => {
        const point = pointOf(event, canvas);
        if (event.pointerType !== "touch") setHover(point);
        if (!gesture || !frame || !fingers.current.has(event.pointerId)) return;
        fingers.current.set(event.pointerId, point);
        if (gesture.kind === "pan") {
          const { from, view: start } = gesture;
          viewport.change(() => ({ ...start, x: start.x + point.x - from.x, y: start.y + point.y - from.y }));
        } else if (gesture.kind === "pinch") {
          const [first = point, second = point] = fingers.current.values();
          viewport.change((_, size) => pinchView(gesture.view, gesture.from, [first, second], frame, size));
        } else {
          setGesture(drag(gesture, point, event.pointerType));
        }
      },
      onPointerUp: (event) => end(event, true),
      onPointerCancel: (event) => end(event, false),
      onPointerLeave: () => setHover(null),
    },
  };
}

/** The wheel zooms at the pointer. React's own wheel handlers are passive: they could not stop the page's scrolling. */
function useWheel(canvas: SVGSVGElement | null, frame: Size | null, { change }: Viewport): void {
  useEffect(() => {
    if (!canvas || !frame) return;
    const zoom = (event: WheelEvent) => {
      event.preventDefault();
      const at = pointOf(event, canvas);
      change((view, size) => zoomAt(view, wheelFactor(event), at, frame, size));
    };
    canvas.addEventListener("wheel", zoom, { passive: false });
    return () => canvas.removeEventListener("wheel", zoom);
  }, [canvas, frame, change]);
}

/** During a drag Esc cancels it and no other key does anything: the box it works on must not go away. */
function useCancelKey(active: boolean, cancel: () => void): void {
  useEffect(() => {
    if (!active) return;
    const keydown = (event: KeyboardEvent) => {
      event.stopImmediatePropagation();
      if (event.key === "Escape") cancel();
    };
    window.addEventListener("keydown", keydown, true);
    return () => window.removeEventListener("keydown", keydown, true);
  });
}

/** The canvas pixel of an event. */
function pointOf(event: { clientX: number; clientY: number }, canvas: SVGSVGElement | null): Point {
  const { left, top } = canvas?.getBoundingClientRect() ?? { left: 0, top: 0 };
  return { x: event.clientX - left, y: event.clientY - top };
}

function handleOf(target: EventTarget): Handle | null {
  const name = target instanceof Element ? target.closest("[data-handle]")?.getAttribute("data-handle") : null;
  return HANDLES.find((handle) => handle === name) ?? null;
}

