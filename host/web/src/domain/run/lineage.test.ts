import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { RunSchema } from "@/gen/penstock/host/v1/run_pb";
import { lineageOf } from "./lineage";

const run = (parentRun: string, tags: Record<string, string> = {}, rootRun = "") =>
  create(RunSchema, { parentRun, rootRun, tags: Object.entries(tags).map(([key, value]) => ({ key: `penstock/${key}`, value })) });

it("says nothing of a run that is the first", () => {
  expect(lineageOf(run("", { retry_number: "1" }))).toBeUndefined();
});

it.each([
  [{}, "Re-execution", false],
  [{ resume: "from_failure" }, "Re-execution from failure", false],
  [{ retry_number: "2" }, "Retry 2", true],
  [{ retry_number: "1", resume: "from_failure" }, "Retry 1 from failure", true],
])("%j is a %s", (tags, label, retry) => {
  expect(lineageOf(run("p", tags, "r"))).toEqual({ parent: "p", root: "r", label, retry });
});

it("takes the parent for the root when nothing else is said", () => {
  expect(lineageOf(run("p"))?.root).toBe("p");
});
