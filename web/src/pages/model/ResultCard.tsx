import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { address } from "../../api/client";
import { percent } from "../../api/format";
import { fileName } from "../../api/names";
import type { TestImage, TestItem } from "../../api/types";
import { rectangle } from "../../components/Boxed";
import { BOX_COLOURS, OUTCOMES } from "./outcomes";

/** A test image: prediction and ground truth beside each other, and what became of each. */
export function ResultCard({ image, onFix }: { image: TestImage; onFix: () => void }) {
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [failed, setFailed] = useState(false);
  const name = fileName(image.SourceRef);
  const boxed = image.Items.some((item) => item.Predicted ?? item.Truth);
  const url = address("image", { SourceRef: image.SourceRef });
  return (
    <li className="result" data-testid="result">
      <div className={boxed ? "result-pair" : "result-single"}>
        <figure>
          <div className="result-picture">
            {failed ? (
              <span className="no-picture">This image cannot be shown.</span>
            ) : (
              <>
                <img
                  src={url}
                  alt={name}
                  loading="lazy"
                  onLoad={(event) => setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })}
                  onError={() => setFailed(true)}
                />
                {size && <Boxes items={image.Items} of="Predicted" size={size} />}
              </>
            )}
          </div>
          {boxed && <figcaption>Prediction</figcaption>}
        </figure>
        {boxed && !failed && (
          <figure>
            <div className="result-picture">
              <img src={url} alt="" loading="lazy" />
              {size && <Boxes items={image.Items} of="Truth" size={size} />}
            </div>
            <figcaption>Ground truth</figcaption>
          </figure>
        )}
      </div>
      <div className="result-text">
        <strong title={image.SourceRef}>{name}</strong>
        <ol>
          {image.Items.map((item, i) => (
            <li key={i}>
              <Mark item={item} /> {item.Label}
              {item.Confidence > 0 && ` ${percent(item.Confidence, 1)}`}
            </li>
          ))}
        </ol>
        {image.Items.length === 0 && <p>Nothing to find, and nothing found.</p>}
        <Button variant="inline-link" ariaLabel={`Fix this label: ${name}`} onClick={onFix}>
          Fix this label
        </Button>
      </div>
    </li>
  );
}

function Mark({ item }: { item: TestItem }) {
  const outcome = OUTCOMES.find((one) => one.id === item.Outcome);
  return (
    <span className="mark" style={{ color: outcome?.colour }}>
      {outcome?.sign} {outcome?.name}
    </span>
  );
}

interface BoxesProps {
  items: TestItem[];
  of: "Predicted" | "Truth";
  size: { width: number; height: number };
}

function Boxes({ items, of, size }: BoxesProps) {
  const font = Math.max(size.width, size.height) / 13;
  return (
    <svg viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {items.map((item, i) => {
        // A missed object's near prediction was not believed: only its truth is drawn.
        const corners = of === "Predicted" && item.Outcome === "FN" ? null : item[of];
        if (!corners) return null;
        const colour = of === "Truth" && item.Outcome === "TP" ? "#2bd94f" : BOX_COLOURS[item.Outcome];
        return (
          <g key={i}>
            <rect
              {...rectangle(corners)}
              fill="none"
              stroke={colour}
              strokeWidth={3}
              strokeDasharray={item.Outcome === "FN" ? "8 5" : undefined}
              vectorEffect="non-scaling-stroke"
            />
            <text className="box-number" x={corners[0] + 4} y={corners[1] + font} fontSize={font} fill={colour} stroke="#000000">
              {i + 1}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
