import type { OpBar } from "@/domain/run/op-bars";

/** A line of the chart: an op, with its bar once there is one. */
export interface GanttRow {
  path: string;
  bar?: OpBar;
}

/** Every op of the run: first those heard of, in the order they started, then those that wait. */
export function ganttRows(opPaths: readonly string[], bars: readonly OpBar[]): GanttRow[] {
  const late = Number.POSITIVE_INFINITY;
  const heard = bars
    .map((bar) => ({ path: bar.path, bar }))
    .sort((a, b) => (a.bar.startedMs ?? late) - (b.bar.startedMs ?? late) || (a.bar.startedMs === b.bar.startedMs ? 0 : 1));
  const known = new Set(bars.map((bar) => bar.path));
  return [...heard, ...opPaths.filter((path) => !known.has(path)).map((path) => ({ path }))];
}

/** At most six round times within a span, from 0. */
export function ticks(span: number): number[] {
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const marks: number[] = [];
  // The last mark would run out of the chart.
  for (let mark = 0; mark < span * 0.96; mark += step) marks.push(mark);
  return marks;
}
