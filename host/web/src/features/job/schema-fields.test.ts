import { expect, it } from "vitest";
import { schemaFields } from "./schema-fields";

const fields = (schema: object) => schemaFields(JSON.stringify(schema));

it("lists fields with path, type, default and whether they are required", () => {
  const got = fields({
    type: "object",
    required: ["config"],
    properties: {
      config: {
        type: "object",
        required: ["path", "limit"],
        properties: {
          path: { type: "string", description: "Repository to read" },
          limit: { type: "integer", default: 10 },
          mode: { enum: ["fast", "exact"], default: "fast" },
          since: { type: ["string", "null"] },
        },
      },
    },
  });
  expect(got).toEqual([
    { path: "config.path", type: "string", description: "Repository to read", default: undefined, required: true },
    { path: "config.limit", type: "integer", description: "", default: "10", required: false },
    { path: "config.mode", type: '"fast" | "exact"', description: "", default: '"fast"', required: false },
    { path: "config.since", type: "string | null", description: "", default: undefined, required: false },
  ]);
});

it("goes into lists, maps and references", () => {
  const got = fields({
    properties: {
      list: { type: "array", items: { $ref: "#/$defs/item" } },
      map: { type: "object", additionalProperties: { type: "number" } },
      tags: { type: "array", items: { type: "string" } },
    },
    $defs: { item: { type: "object", properties: { name: { type: "string" } } } },
  });
  expect(got.map((field) => [field.path, field.type])).toEqual([
    ["list", "array of object"],
    ["list[].name", "string"],
    ["map", "object"],
    ["map.*", "number"],
    ["tags", "array of string"],
  ]);
});

it("ends for a schema that holds itself", () => {
  const got = fields({ properties: { a: { $ref: "#" }, b: { type: "string" } } });
  expect(got.length).toBeLessThan(100);
});

it("makes nothing of what is no schema", () => {
  expect(schemaFields("")).toEqual([]);
  expect(schemaFields("[1]")).toEqual([]);
  expect(fields({ $ref: "#/nowhere" })).toEqual([]);
});
