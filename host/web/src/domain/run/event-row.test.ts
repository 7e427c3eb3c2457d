import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { StoredEventSchema } from "@/gen/penstock/host/v1/run_pb";
import { Outcome, type EventSchema } from "@/gen/penstock/worker/v1/worker_pb";
import { eventRow, failureOf } from "./event-row";

const row = (event: MessageInitShape<typeof EventSchema>) => eventRow(create(StoredEventSchema, { event }));

it.each([
  [-4, "debug"],
  [0, "info"],
  [3, "info"],
  [4, "warn"],
  [8, "error"],
  [12, "error"],
])("log level %d is %s", (level, want) => {
  expect(row({ kind: "log", message: "m", detail: { case: "log", value: { level } } }).level).toBe(want);
});

it("takes level and words from how an op ended", () => {
  const failed = row({ kind: "op_finished", opPath: "read", detail: { case: "opFinished", value: { outcome: Outcome.FAILURE, failure: { message: "no such file" } } } });
  expect(failed).toMatchObject({ level: "error", message: "no such file", opPath: "read" });
  expect(failureOf(failed.stored)?.message).toBe("no such file");
  expect(row({ kind: "op_finished", opPath: "read", detail: { case: "opFinished", value: { outcome: Outcome.SKIPPED } } })).toMatchObject({ level: "warn", message: "read was skipped" });
  expect(row({ kind: "run_finished", detail: { case: "runFinished", value: { outcome: 77 as Outcome } } })).toMatchObject({ level: "error", message: "Run failed" });
});

it("takes an attempt that another follows for a warning", () => {
  expect(row({ kind: "op_finished", opPath: "read", detail: { case: "opFinished", value: { outcome: Outcome.FAILURE, retryAfter: {} } } })).toMatchObject({ level: "warn" });
});

it("shows an event of a kind that it does not know", () => {
  expect(row({ kind: "volcano_erupted", message: "hot" })).toMatchObject({ kind: "volcano_erupted", message: "hot", level: "info" });
  expect(row({ kind: "volcano_erupted" }).message).toBe("volcano_erupted");
});

it("shows that an event could not be read", () => {
  const got = eventRow(create(StoredEventSchema, { unreadable: "bad varint" }));
  expect(got).toMatchObject({ level: "warn", kind: "unreadable" });
  expect(got.message).toContain("bad varint");
});
