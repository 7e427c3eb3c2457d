import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { RunSchema } from "@/gen/penstock/host/v1/run_pb";
import { sourceOf } from "./run-source";

const run = (...tags: [string, string][]) => create(RunSchema, { job: { location: "l", repository: "r", job: "j" }, tags: tags.map(([key, value]) => ({ key, value })) });

it("reads what launched a run from its tags", () => {
  expect(sourceOf(run(["penstock/schedule", "nightly"], ["penstock/tick", "2026-11-23T06:00:00Z"], ["penstock/partition", "2026-11-22"]))).toMatchObject({
    schedule: { location: "l", repository: "r", name: "nightly" },
    sensor: undefined,
    tick: "2026-11-23T06:00:00Z",
    partition: "2026-11-22",
  });
  expect(sourceOf(run(["penstock/sensor", "a/b/commits"]))?.sensor).toEqual({ location: "a", repository: "b", name: "commits" });
  expect(sourceOf(run(["penstock/backfill", "0193"]))?.backfill).toBe("0193");
});

it("says nothing of a run that a person launched", () => {
  expect(sourceOf(run(["team", "etl"], ["penstock/priority", "3"]))).toBeUndefined();
});
