import { expect, it } from "vitest";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";
import { emptyDraft } from "./draft";
import { launchOf } from "./launch-of";

const name = { location: "l", repository: "r", job: "j" };
const draft = { ...emptyDraft, config: "a: 1", tags: [{ key: "k", value: "v" }], ops: "read", inputsFrom: "0193", partition: "2026-11-22" };
const parent = { id: "r1", strategy: ReexecutionStrategy.SELECTED, withoutTags: ["team"] };

it("launches the job with all that was typed", () => {
  expect(launchOf(name, draft)).toEqual({ job: "l/r/j", configYaml: "a: 1", tags: draft.tags, opSelection: "read", inputsFrom: "0193", partition: "2026-11-22" });
});

it("executes a run again with another config and with its tags but those left out; the host finds the job", () => {
  expect(launchOf(name, { ...draft, parent })).toEqual({
    configYaml: "a: 1",
    tags: draft.tags,
    opSelection: "read",
    reexecution: { runId: "r1", strategy: ReexecutionStrategy.SELECTED, keepTags: true, withoutTags: ["team"] },
  });
});

it("leaves the op selection out where it is not the strategy", () => {
  expect(launchOf(name, { ...draft, parent: { ...parent, strategy: ReexecutionStrategy.FROM_FAILURE } }).opSelection).toBe("");
});
