import { useId } from "react";

interface Props {
  label: string;
  xLabel: string;
  lines: { name: string; colour: string; points: [number, number][]; dashed?: boolean }[];
  /** A vertical line, e.g. at the chosen threshold. */
  mark?: number;
  dot?: [number, number];
  xMax?: number;
  yMax?: number;
  xFormat?: (x: number) => string;
  yFormat?: (y: number) => string;
}

const WIDTH = 460;
const HEIGHT = 240;
const LEFT = 48;
const BOTTOM = 40;
const TOP = 10;
const RIGHT = 24;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** Lines over two axes that begin at zero. */
export function LineChart({ label, xLabel, lines, mark, dot, xMax = 1, yMax = 1, xFormat = plain, yFormat = plain }: Props) {
  const title = useId();
  const x = (value: number) => LEFT + ((WIDTH - LEFT - RIGHT) * value) / xMax;
  const y = (value: number) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * value) / yMax;
  return (
    <figure className="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={title}>
        <title id={title}>{label}</title>
        {TICKS.map((tick) => (
          <g key={tick}>
            <line className="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick * yMax)} y2={y(tick * yMax)} />
            <text x={LEFT - 6} y={y(tick * yMax) + 4} textAnchor="end">
              {yFormat(tick * yMax)}
            </text>
            <text x={x(tick * xMax)} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
              {xFormat(tick * xMax)}
            </text>
          </g>
        ))}
        <text x={(WIDTH + LEFT) / 2} y={HEIGHT - 6} textAnchor="middle">
          {xLabel}
        </text>
        {lines.map((line) => (
          <polyline
            key={line.name}
            points={line.points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(" ")}
            fill="none"
            stroke={line.colour}
            strokeWidth={2}
            strokeDasharray={line.dashed ? "5 4" : undefined}
          />
        ))}
        {mark !== undefined && <line className="mark" x1={x(mark)} x2={x(mark)} y1={TOP} y2={HEIGHT - BOTTOM} />}
        {dot && <circle className="dot" cx={x(dot[0])} cy={y(dot[1])} r={5} />}
      </svg>
      {lines.length > 1 && (
        <figcaption>
          {lines.map((line) => (
            <span key={line.name} className="legend">
              <span className="swatch" style={{ background: line.colour }} /> {line.name}
            </span>
          ))}
        </figcaption>
      )}
    </figure>
  );
}

function plain(value: number): string {
  return String(Math.round(100 * value) / 100);
}
