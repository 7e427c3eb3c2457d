import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { StoredEventSchema } from "@/gen/penstock/host/v1/run_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { OpBars } from "./op-bars";

const started = (attempt: number, ms: number, opPath: string) =>
  create(StoredEventSchema, { attempt, event: { time: timestampFromMs(ms), opPath, detail: { case: "opStarted", value: {} } } });
const finished = (attempt: number, ms: number, opPath: string, outcome = Outcome.SUCCESS) =>
  create(StoredEventSchema, { attempt, event: { time: timestampFromMs(ms), opPath, detail: { case: "opFinished", value: { outcome } } } });

it("pairs starts and ends of ops that run side by side", () => {
  const bars = new OpBars();
  for (const event of [started(1, 100, "a"), started(1, 110, "b"), finished(1, 150, "a"), finished(1, 190, "b", Outcome.FAILURE)]) bars.add(event);
  expect(bars.list()).toEqual([
    { path: "a", startedMs: 100, endedMs: 150, outcome: Outcome.SUCCESS, attempts: [{ startedMs: 100, endedMs: 150 }], againMs: undefined },
    { path: "b", startedMs: 110, endedMs: 190, outcome: Outcome.FAILURE, attempts: [{ startedMs: 110, endedMs: 190 }], againMs: undefined },
  ]);
  expect([bars.first, bars.last]).toEqual([100, 190]);
});

it("does not take for a time of the run what was noted after its end", () => {
  const bars = new OpBars();
  for (const event of [started(1, 100, "a"), finished(1, 150, "a")]) bars.add(event);
  bars.add(create(StoredEventSchema, { attempt: 1, event: { time: timestampFromMs(9_000_000), kind: "tags_changed", detail: { case: "tagsChanged", value: {} } } }));
  bars.add(create(StoredEventSchema, { attempt: 1, event: { time: timestampFromMs(9_500_000), kind: "run_retried" } }));
  expect([bars.first, bars.last]).toEqual([100, 150]);
  bars.add(create(StoredEventSchema, { attempt: 1, event: { time: timestampFromMs(170), kind: "run_failed" } }));
  expect(bars.last).toBe(170);
});

it("keeps an op that never started without a beginning", () => {
  const bars = new OpBars();
  bars.add(finished(1, 50, "c", Outcome.SKIPPED));
  expect(bars.list()).toEqual([{ path: "c", startedMs: undefined, endedMs: 50, outcome: Outcome.SKIPPED, attempts: [], againMs: undefined }]);
});

it("begins anew with the next attempt and ignores what is late from the one before", () => {
  const bars = new OpBars();
  bars.add(started(1, 100, "a"));
  bars.add(started(2, 500, "a"));
  bars.add(finished(1, 600, "a"));
  expect(bars.list()).toEqual([{ path: "a", startedMs: 500, endedMs: undefined, outcome: undefined, attempts: [{ startedMs: 500, endedMs: undefined }], againMs: undefined }]);
  expect([bars.first, bars.last]).toEqual([500, 500]);
});

const failed = (ms: number, retryMs: number) =>
  create(StoredEventSchema, { attempt: 1, event: { time: timestampFromMs(ms), opPath: "a", detail: { case: "opFinished", value: { outcome: Outcome.FAILURE, retryAfter: durationFromMs(retryMs) } } } });

it("keeps the attempts of an op that runs again; it ends with the last", () => {
  const bars = new OpBars();
  for (const event of [started(1, 100, "a"), failed(150, 40)]) bars.add(event);
  const first = { startedMs: 100, endedMs: 150 };
  expect(bars.list()).toEqual([{ path: "a", startedMs: 100, endedMs: undefined, outcome: undefined, attempts: [first], againMs: 190 }]);
  bars.add(started(1, 190, "a"));
  expect(bars.list()).toEqual([{ path: "a", startedMs: 100, endedMs: undefined, outcome: undefined, attempts: [first, { startedMs: 190, endedMs: undefined }], againMs: undefined }]);
  bars.add(finished(1, 200, "a"));
  expect(bars.list()).toEqual([{ path: "a", startedMs: 100, endedMs: 200, outcome: Outcome.SUCCESS, attempts: [first, { startedMs: 190, endedMs: 200 }], againMs: undefined }]);
});

it("ends the wait of an op that is canceled, not its attempt", () => {
  const bars = new OpBars();
  for (const event of [started(1, 100, "a"), failed(150, 4000), finished(1, 170, "a", Outcome.CANCELED)]) bars.add(event);
  expect(bars.list()).toEqual([{ path: "a", startedMs: 100, endedMs: 170, outcome: Outcome.CANCELED, attempts: [{ startedMs: 100, endedMs: 150 }], againMs: undefined }]);
});
