import { create } from "@bufbuild/protobuf";
import { expect, it, vi } from "vitest";
import { StoredEventSchema } from "@/gen/penstock/host/v1/run_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { allEvents, EventLog } from "./event-log";

const log = (message: string, level = 0, opPath = "") =>
  create(StoredEventSchema, { attempt: 1, event: { kind: "log", message, opPath, detail: { case: "log", value: { level } } } });
const failed = (opPath: string, message: string) =>
  create(StoredEventSchema, {
    attempt: 1,
    event: opPath === ""
      ? { kind: "run_finished", detail: { case: "runFinished", value: { outcome: Outcome.FAILURE, failure: { message } } } }
      : { kind: "op_finished", opPath, detail: { case: "opFinished", value: { outcome: Outcome.FAILURE, failure: { message } } } },
  });
const shown = (events: EventLog) => events.get().rows.slice(0, events.get().count).map((row) => row.message);

it("hides what is for debugging until it is asked for", () => {
  const events = new EventLog();
  events.add([log("noise", -4), log("word")]);
  expect(shown(events)).toEqual(["word"]);
  events.setFilter({ ...allEvents, level: "debug" });
  expect(shown(events)).toEqual(["noise", "word"]);
  expect(events.get().total).toBe(2);
});

it("filters what comes later as well", () => {
  const events = new EventLog();
  events.setFilter({ level: "warn", op: "report", text: "DISK" });
  events.add([log("disk full", 8, "report.write"), log("disk full", 8, "reporter"), log("disk full", 0, "report"), log("other", 8, "report")]);
  expect(shown(events)).toEqual(["disk full"]);
});

it("knows where the first error is among what is shown", () => {
  const events = new EventLog();
  events.add([log("a"), log("b", -4), log("c", 8), log("d", 8)]);
  expect(events.get().firstError).toBe(1);
  events.setFilter({ ...allEvents, level: "debug" });
  expect(events.get().firstError).toBe(2);
  events.setFilter({ ...allEvents, text: "a" });
  expect(events.get().firstError).toBeUndefined();
});

it("tells why the run failed: the run's own word before an op's, the first op before later ones", () => {
  const events = new EventLog();
  events.add([failed("a", "first"), failed("b", "second")]);
  expect(events.get().failure?.message).toBe("first");
  events.add([failed("", "the run")]);
  expect(events.get().failure?.message).toBe("the run");
});

it("tells its followers, with a new view each time", () => {
  const events = new EventLog();
  const listener = vi.fn();
  const stop = events.subscribe(listener);
  const before = events.get();
  events.add([log("x")]);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(events.get()).not.toBe(before);
  stop();
  events.finish();
  expect(listener).toHaveBeenCalledTimes(1);
  expect(events.get().complete).toBe(true);
});
