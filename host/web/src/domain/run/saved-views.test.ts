import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { readViews } from "./saved-views";

it("reads the views that were kept, and leaves out what is none", () => {
  const good = { name: "mine", where: "team=etl", statuses: ["FAILURE", "NONSENSE"] };
  expect(readViews(JSON.stringify([good, null, 1, { name: "" }, { name: "x", where: 1, statuses: [] }, { name: "y", where: "", statuses: "FAILURE" }]))).toEqual([
    { name: "mine", where: "team=etl", statuses: [RunStatus.FAILURE] },
  ]);
  for (const text of [undefined, "", "{", "null", '{"name":"x"}']) expect(readViews(text)).toEqual([]);
});
