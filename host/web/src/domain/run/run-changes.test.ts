import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ListRunsResponseSchema, RunSchema, WatchRunsResponseSchema } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { applyRunChanges, type RunChange } from "./run-changes";

const run = (seq: number, status = RunStatus.QUEUED) => create(RunSchema, { id: `run-${seq}`, seq: BigInt(seq), status });
const page = (seqs: number[], nextCursor = "") => create(ListRunsResponseSchema, { runs: seqs.map((seq) => run(seq)), nextCursor });
const change = (seq: number, more: { status?: RunStatus; deleted?: boolean; matches?: boolean } = {}) =>
  create(WatchRunsResponseSchema, { run: run(seq, more.status), deleted: more.deleted ?? false, matches: more.matches ?? true }) as RunChange;
const seqs = (list: { runs: { seq: bigint }[] }) => list.runs.map((each) => Number(each.seq));

it("puts new runs on top of the newest page, in order of creation", () => {
  expect(seqs(applyRunChanges(page([3, 2]), [change(5), change(4)], true))).toEqual([5, 4, 3, 2]);
});

it("does not put new runs on an older page", () => {
  const older = page([3, 2]);
  expect(applyRunChanges(older, [change(5)], false)).toBe(older);
});

it("replaces a run in its place", () => {
  const got = applyRunChanges(page([3, 2, 1]), [change(2, { status: RunStatus.SUCCESS })], false);
  expect(seqs(got)).toEqual([3, 2, 1]);
  expect(got.runs[1]?.status).toBe(RunStatus.SUCCESS);
});

it("takes out runs that were deleted or no longer match", () => {
  expect(seqs(applyRunChanges(page([3, 2, 1]), [change(2, { deleted: true, matches: false }), change(1, { matches: false })], true))).toEqual([3]);
});

it("leaves a run that belongs to a later page there", () => {
  const first = page([9, 8], "8");
  expect(applyRunChanges(first, [change(3)], true)).toBe(first);
  expect(seqs(applyRunChanges(page([9, 8]), [change(3)], true))).toEqual([9, 8, 3]);
});

it("keeps the cursor", () => {
  expect(applyRunChanges(page([9], "9"), [change(10)], true).nextCursor).toBe("9");
});
