import { useState } from "react";
import { labelColour } from "../editor/colours";
import { address } from "../api/client";
import type { Box, Corners } from "../api/types";

interface Props {
  sourceRef: string;
  alt: string;
  boxes: Box[];
  /** Pixels of the upright image; where unknown they are taken from `full` images only. */
  width: number | null;
  height: number | null;
  colours?: ReadonlyMap<string, string>;
}

/** A small picture with its boxes over it, all of it visible in the space that there is. */
export function Thumbnail({ sourceRef, alt, boxes, width, height, colours }: Props) {
  const [failed, setFailed] = useState(false);
  if (failed) return <span className="no-picture">This image cannot be shown.</span>;
  return (
    <span className="boxed">
      <img src={address("thumbnail", { SourceRef: sourceRef })} alt={alt} loading="lazy" onError={() => setFailed(true)} draggable={false} />
      {width && height && boxes.length > 0 && (
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true">
          {boxes.map((box, i) => (
            <rect
              key={i}
              x={box.Left}
              y={box.Top}
              width={box.Width}
              height={box.Height}
              fill="none"
              stroke={colours?.get(box.Label) ?? labelColour(box.Label)}
              strokeWidth={2.5}
              vectorEffect="non-scaling-stroke"
            />
          ))}
        </svg>
      )}
    </span>
  );
}

/** Corners x0, y0, x1, y1 as the rectangle that an SVG draws. */
export function rectangle([x0, y0, x1, y1]: Corners): { x: number; y: number; width: number; height: number } {
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}
