import { expect, it } from "vitest";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { ganttRows, ticks } from "./gantt-rows";

const bar = (path: string, startedMs: number | undefined) => ({ path, startedMs, endedMs: undefined, outcome: startedMs === undefined ? Outcome.SKIPPED : undefined });

it("orders ops by their start; the skipped and the waiting come last", () => {
  const rows = ganttRows(["a", "b", "c", "d", "e"], [bar("c", 20), bar("e", undefined), bar("a", 10)]);
  expect(rows.map((row) => row.path)).toEqual(["a", "c", "e", "b", "d"]);
  expect(rows[3]?.bar).toBeUndefined();
});

it("shows ops that the run was not known to have", () => {
  expect(ganttRows([], [bar("x", 1)]).map((row) => row.path)).toEqual(["x"]);
});

it.each([0.7, 12, 900, 61_000, 1e9])("marks a span of %d ms by few round times", (span) => {
  const marks = ticks(span);
  expect(marks[0]).toBe(0);
  expect(marks.length).toBeGreaterThanOrEqual(2);
  expect(marks.length).toBeLessThanOrEqual(6);
  expect(marks.at(-1)).toBeLessThan(span);
});
