import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { BulkSchema, BulkState } from "@/gen/penstock/host/v1/bulk_pb";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";
import { describeBulk, goesOn, type ActionInit } from "./bulk-action";

const said = (action: ActionInit | undefined, selected = 1204n) => describeBulk(create(BulkSchema, { selected, action: action === undefined ? {} : { action } }));

it("says what an action does, and to how many", () => {
  expect(said({ case: "cancel", value: {} })).toBe("Cancel 1,204 runs");
  expect(said({ case: "cancel", value: { force: true } }, 1n)).toBe("Cancel 1 run: by force");
  expect(said({ case: "reexecute", value: { strategy: ReexecutionStrategy.FROM_FAILURE } })).toBe("Re-execute 1,204 runs: from failure");
  expect(said({ case: "tag", value: { set: [{ key: "team", value: "etl" }], remove: ["env"] } })).toBe("Change the tags of 1,204 runs: team:etl, without env");
  expect(said({ case: "delete", value: {} })).toBe("Delete 1,204 runs");
  expect(said(undefined)).toBe("Action on 1,204 runs");
});

it("takes what it does not know for an action that goes on", () => {
  expect([BulkState.RUNNING, 99 as BulkState, BulkState.DONE, BulkState.STOPPED].map((state) => goesOn({ state }))).toEqual([true, true, false, false]);
});
