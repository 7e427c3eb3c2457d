import { expect, it } from "vitest";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { segments, ticks } from "./bar-segments";

it.each([0.7, 12, 900, 61_000, 1e9])("marks a span of %d ms by few round times", (span) => {
  const marks = ticks(span);
  expect(marks[0]).toBe(0);
  expect(marks.length).toBeGreaterThanOrEqual(2);
  expect(marks.length).toBeLessThanOrEqual(6);
  expect(marks.at(-1)).toBeLessThan(span);
});

it("parts a bar into attempts and the waits between them", () => {
  const one = { startedMs: 10, endedMs: 20 };
  const attempt = (number: number, from: number, to: number, failed: boolean) => ({ attempt: number, from, to, failed, waits: false });
  const wait = (number: number, from: number, to: number) => ({ attempt: number, from, to, failed: false, waits: true });
  const base = { path: "a", startedMs: 10, outcome: undefined, againMs: undefined, progress: undefined };
  // It runs, for the second time.
  expect(segments({ ...base, endedMs: undefined, attempts: [one, { startedMs: 30, endedMs: undefined }] }, 99)).toEqual([attempt(1, 10, 20, true), wait(2, 20, 30), attempt(2, 30, 99, false)]);
  // It waits.
  expect(segments({ ...base, endedMs: undefined, attempts: [one], againMs: 500 }, 99)).toEqual([attempt(1, 10, 20, true), wait(2, 20, 99)]);
  // It was canceled while it waited.
  expect(segments({ ...base, endedMs: 40, outcome: Outcome.CANCELED, attempts: [one] }, 99)).toEqual([attempt(1, 10, 20, true), wait(2, 20, 40)]);
  // It ended; it never started.
  expect(segments({ ...base, endedMs: 20, outcome: Outcome.SUCCESS, attempts: [one] }, 99)).toEqual([attempt(1, 10, 20, false)]);
  expect(segments({ ...base, startedMs: undefined, endedMs: 20, outcome: Outcome.SKIPPED, attempts: [] }, 99)).toEqual([]);
});
