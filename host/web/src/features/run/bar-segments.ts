import type { OpBar } from "@/domain/run/op-bars";

/** A part of an op's bar: an attempt, or the wait for one. */
export interface Segment {
  attempt: number;
  from: number;
  to: number;
  /** Set for an attempt that another followed, or follows. */
  failed: boolean;
  waits: boolean;
}

/** The parts of a bar, in order; what has not ended reaches to now. */
export function segments(bar: OpBar, now: number): Segment[] {
  const parts: Segment[] = [];
  for (const [index, { startedMs, endedMs }] of bar.attempts.entries()) {
    if (startedMs === undefined) continue;
    const next = bar.attempts[index + 1];
    const waiting = next === undefined && (bar.againMs !== undefined || (bar.endedMs !== undefined && endedMs !== undefined && bar.endedMs > endedMs));
    parts.push({ attempt: index + 1, from: startedMs, to: endedMs ?? now, failed: next !== undefined || waiting, waits: false });
    if (endedMs === undefined || (next === undefined && !waiting)) continue;
    const until = next?.startedMs ?? bar.endedMs ?? now;
    if (until > endedMs) parts.push({ attempt: index + 2, from: endedMs, to: until, failed: false, waits: true });
  }
  return parts;
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
