import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { BackfillSchema } from "@/gen/penstock/host/v1/backfill_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { backfillCounts, failedCount } from "./backfill-counts";
import { backfillTitle } from "./backfill-state";

const backfill = create(BackfillSchema, {
  request: { job: "local/tutorial/report" },
  partitions: 1200n,
  refused: 2n,
  notLaunched: 3n,
  counts: [{ status: RunStatus.STARTED, count: 1n }, { status: RunStatus.SUCCESS, count: 9n }, { status: RunStatus.FAILURE, count: 4n }, { status: RunStatus.CANCELED, count: 1n }, { status: RunStatus.QUEUED, count: 0n }],
});

it("counts what has ended first and what has no run last", () => {
  expect(backfillCounts(backfill).map(({ look, count }) => `${look.label} ${count}`)).toEqual(["Success 9", "Failure 4", "Canceled 1", "Running 1", "Could not be launched 2", "Not launched yet 3"]);
});

it("counts what may be retried: failed, canceled, or not to be launched", () => {
  expect(failedCount(backfill)).toBe(7);
});

it("calls a backfill by its title, or by what it is of", () => {
  expect(backfillTitle(backfill)).toBe("report, 1,200 partitions");
  expect(backfillTitle(create(BackfillSchema, { request: { job: "a/b/c", title: "The lost week" } }))).toBe("The lost week");
});
