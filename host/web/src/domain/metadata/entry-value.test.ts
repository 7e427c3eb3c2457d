import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EntrySchema } from "@/gen/penstock/metadata/v1/metadata_pb";
import { entryText, readEntry } from "./entry-value";

describe("readEntry", () => {
  it("reads a value of its kind", () => {
    const entry = create(EntrySchema, { key: "n", kind: "int", value: { case: "bigInt", value: "123456789012345678901" } });
    expect(readEntry(entry)).toEqual({ known: true, value: entry.value });
  });

  it("ignores an arm that does not belong to the kind", () => {
    const entry = create(EntrySchema, { key: "n", kind: "text", textFallback: "plain", value: { case: "url", value: "https://a" } });
    expect(readEntry(entry)).toEqual({ known: false, kind: "text", text: "plain" });
  });

  it("falls back to the text of a newer kind", () => {
    const entry = create(EntrySchema, { key: "n", kind: "chart", textFallback: "42 points" });
    expect(readEntry(entry)).toEqual({ known: false, kind: "chart", text: "42 points" });
  });

  it("falls back to the raw value where there is no text", () => {
    const entry = create(EntrySchema, { key: "n", kind: "chart", raw: new TextEncoder().encode('{"points":42}') });
    expect(readEntry(entry)).toMatchObject({ known: false, text: '{"points":42}' });
  });

  it("is not fooled by names of the language", () => {
    expect(readEntry(create(EntrySchema, { kind: "constructor", textFallback: "x" }))).toMatchObject({ known: false, kind: "constructor" });
  });

  it("knows every arm of the contract under some kind", () => {
    const arms = EntrySchema.oneofs[0]?.fields.map((field) => field.localName) ?? [];
    const kinds = ["text", "url", "path", "notebook", "json", "markdown", "int", "float", "bool", "null", "timestamp", "table", "table_schema", "code", "run", "job", "asset"];
    const known = arms.filter((arm) =>
      kinds.some((kind) => readEntry({ ...create(EntrySchema, { kind }), value: { case: arm, value: undefined } } as never).known),
    );
    expect(known).toEqual(arms);
    expect(arms).toHaveLength(17);
  });
});

it.each([
  [{ kind: "text", value: { case: "text" as const, value: "word" } }, "word"],
  [{ kind: "int", value: { case: "int" as const, value: 42n } }, "42"],
  [{ kind: "null", value: { case: "null" as const, value: true } }, "null"],
  [{ kind: "bool", value: { case: "bool" as const, value: false } }, "false"],
  [{ kind: "table", value: { case: "table" as const, value: {} } }, "(table)"],
  [{ kind: "chart", textFallback: "42 points" }, "42 points"],
])("entryText says %o on one line", (entry, want) => {
  expect(entryText(create(EntrySchema, entry))).toBe(want);
});
