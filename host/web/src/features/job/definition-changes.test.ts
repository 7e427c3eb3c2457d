import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { JobDefinitionSchema } from "@/gen/penstock/usercode/v1/body_pb";
import { definitionChanges } from "./definition-changes";

const job = (ops: string[], more: { description?: string; tags?: { key: string; value: string }[]; configSchemaJson?: Uint8Array } = {}) =>
  create(JobDefinitionSchema, {
    ops: ops.map((name) => ({ name })),
    graph: { nodes: ops.map((name) => ({ name, definition: { case: "op" as const, value: name } })) },
    ...more,
  });

it("names ops and tags that came and went, and the schema", () => {
  const before = job(["a", "b"], { tags: [{ key: "k", value: "1" }] });
  const after = job(["b", "c"], { tags: [{ key: "k", value: "2" }], configSchemaJson: new Uint8Array([1]) });
  expect(definitionChanges(before, after)).toEqual([
    "op added: c",
    "op removed: a",
    "tag added: k:2",
    "tag removed: k:1",
    "the config schema changed",
  ]);
});

it("is never silent about a change", () => {
  expect(definitionChanges(job(["a"]), job(["a"], { description: "new" }))).toEqual(["descriptions, wires or types changed"]);
  expect(definitionChanges(job(["a"]), job(["a"]))).toEqual([]);
});
