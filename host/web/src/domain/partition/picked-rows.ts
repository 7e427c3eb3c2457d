/** Rows from one to another, ends included; the smaller first. */
export type Span = readonly [from: number, to: number];

const join = "..";

/** Spans in order, those that touch made one. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** Whether a row is in one of the spans. */
export function isPicked(spans: readonly Span[], row: number): boolean {
  return spans.some(([from, to]) => from <= row && row <= to);
}

/** How many rows the spans have. */
export function countPicked(spans: readonly Span[]): number {
  return spans.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** The spans with a row more or less. */
export function toggleRow(spans: readonly Span[], row: number): Span[] {
  if (!isPicked(spans, row)) return mergeSpans([...spans, [row, row]]);
  return spans.flatMap(([from, to]): Span[] => (row < from || to < row ? [[from, to]] : [...(from < row ? [[from, row - 1] as const] : []), ...(row < to ? [[row + 1, to] as const] : [])]));
}

/** The spans with all rows between two more. */
export function addRows(spans: readonly Span[], a: number, b: number): Span[] {
  return mergeSpans([...spans, [Math.min(a, b), Math.max(a, b)]]);
}

/** A selection of rows as an address has it: "from..to", the older key first. Keys hold no "..". */
export function formatPicked(spans: readonly Span[], keys: readonly string[], newestFirst: boolean): string[] {
  return rangesOf(spans, keys, newestFirst).map(({ from, to }) => from + join + to);
}

/** Ranges of keys in the order of the partitions. */
export function rangesOf(spans: readonly Span[], keys: readonly string[], newestFirst: boolean): { from: string; to: string }[] {
  return spans.map(([top, bottom]) => {
    const [first, last] = newestFirst ? [bottom, top] : [top, bottom];
    return { from: keys[first] ?? "", to: keys[last] ?? "" };
  });
}

/**
 * Reads what formatPicked wrote: the rows that are there, and whether some end may be among keys that are not loaded. An end
 * that is nowhere is where its range is cut.
 */
export function readPicked(texts: readonly string[], keys: readonly string[], newestFirst: boolean): { spans: Span[]; missing: boolean } {
  if (texts.length === 0) return { spans: [], missing: false };
  const rows = new Map(keys.map((key, row) => [key, row]));
  let missing = false;
  const spans = texts.flatMap((text): Span[] => {
    const at = text.indexOf(join);
    const [older, newer] = at < 0 ? [text, text] : [text.slice(0, at), text.slice(at + join.length)];
    const top = rows.get(newestFirst ? newer : older);
    const bottom = rows.get(newestFirst ? older : newer);
    if (bottom === undefined) missing = true;
    if (top === undefined && bottom === undefined) return [];
    return [[top ?? 0, bottom ?? keys.length - 1]];
  });
  return { spans: mergeSpans(spans.filter(([from, to]) => from <= to)), missing };
}
