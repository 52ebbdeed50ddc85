// One label through time as an area: a curve through the middle of each row that never overshoots
// (Fritsch and Carlson 1980), broken where there was nothing to go by.

import { svg } from "./element";

/** A row of the timeline, with the height of one label or `null`. */
export interface Height {
  start: number;
  end: number;
  height: number | null;
}

/** What the heights lie between. */
export interface Scale {
  low: number;
  high: number;
}

/** Probabilities lie between 0 and 1, ratings where they lie. */
export function scale(heights: readonly number[], probabilities: boolean): Scale {
  if (probabilities) return { low: 0, high: 1 };
  const low = Math.min(0, ...heights);
  const high = Math.max(0, ...heights);
  if (low >= -1 && high <= 1) return { low: low < 0 ? -1 : 0, high: 1 };
  return { low, high: Math.max(high, low + 1e-6) };
}

const WIDTH = 1000;

/** The area of one label over `span` seconds, as wide and high as what holds it. */
export function ridge(rows: readonly Height[], span: number, { low, high }: Scale): SVGSVGElement {
  const x = (time: number): number => (time / span) * WIDTH;
  const y = (height: number): number => 96 - ((height - low) / (high - low)) * 92;
  const areas: string[] = [];
  const lines: string[] = [];
  for (const run of runs(rows)) {
    const points: Point[] = [
      [x(run[0]!.start), y(run[0]!.height)],
      ...run.map((row): Point => [x((row.start + row.end) / 2), y(row.height)]),
      [x(run.at(-1)!.end), y(run.at(-1)!.height)],
    ];
    const curve = smooth(points);
    const base = y(Math.max(low, 0)).toFixed(1);
    lines.push(curve);
    areas.push(`${curve}L${points.at(-1)![0].toFixed(1)} ${base}L${points[0]![0].toFixed(1)} ${base}Z`);
  }
  return svg(
    "svg",
    {
      class: "ridge",
      viewBox: `0 0 ${WIDTH} 100`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    svg("path", { class: "area", d: areas.join("") }),
    svg("path", { class: "edge", d: lines.join("") }),
  );
}

type Point = [number, number];
type Known = { start: number; end: number; height: number };

/** Stretches without a gap. */
function runs(rows: readonly Height[]): Known[][] {
  const found: Known[][] = [];
  let run: Known[] = [];
  for (const { start, end, height } of rows) {
    const broken = height === null || (run.length > 0 && start - run.at(-1)!.end > 1e-3);
    if (broken && run.length > 0) {
      found.push(run);
      run = [];
    }
    if (height !== null) run.push({ start, end, height });
  }
  return run.length > 0 ? [...found, run] : found;
}

/** A monotone cubic through points of growing x, as the path of an SVG. */
export function smooth(points: readonly Point[]): string {
  const n = points.length;
  const slopes = points.slice(1).map(([x, y], i) => {
    const [x0, y0] = points[i]!;
    return x > x0 ? (y - y0) / (x - x0) : 0;
  });
  const tangent = (i: number): number => {
    if (i === 0 || i === n - 1) return 0;
    const [a, b] = [slopes[i - 1]!, slopes[i]!];
    return a * b <= 0 ? 0 : (2 * a * b) / (a + b);
  };
  const at = (value: number): string => value.toFixed(1);
  let path = `M${at(points[0]![0])} ${at(points[0]![1])}`;
  for (let i = 1; i < n; i += 1) {
    const [[x0, y0], [x1, y1]] = [points[i - 1]!, points[i]!];
    const third = (x1 - x0) / 3;
    const [c0, c1] = [y0 + tangent(i - 1) * third, y1 - tangent(i) * third];
    path += `C${at(x0 + third)} ${at(c0)} ${at(x1 - third)} ${at(c1)} ${at(x1)} ${at(y1)}`;
  }
  return path;
}
