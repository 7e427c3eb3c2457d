import { expect, it } from "vitest";
import { configSkeleton } from "./config-skeleton";

it("writes every field with its default, and says what is missing", () => {
  const schema = {
    properties: {
      config: {
        properties: {
          report: {
            required: ["path"],
            properties: {
              path: { type: "string", description: "Repository to read.\nMore words." },
              weeks: { type: "integer", default: 12 },
              authors: { type: "array", default: ["a: b", "yes"] },
              note: { type: "string" },
              yes: { type: "boolean", default: true },
            },
          },
        },
      },
    },
  };
  expect(configSkeleton(JSON.stringify(schema))).toBe(
    [
      "config:",
      "  report:",
      "    # Repository to read.",
      "    path: # required, string",
      "    weeks: 12",
      '    authors: ["a: b","yes"]',
      "    # note: string",
      '    "yes": true',
      "",
    ].join("\n"),
  );
});

it("follows references, and ends for a schema that holds itself", () => {
  const got = configSkeleton(JSON.stringify({ $defs: { a: { properties: { x: { default: 1 }, again: { $ref: "#/$defs/a" } } } }, properties: { top: { $ref: "#/$defs/a" } } }));
  expect(got.startsWith("top:\n  x: 1\n  again:\n    x: 1\n")).toBe(true);
});

it("writes nothing without a schema", () => {
  expect(configSkeleton("")).toBe("");
});
