import { expect, it } from "vitest";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import { formatTag, isSystemTag, originText, parseTag, tagLabel } from "./tag";

it.each([
  ["team:etl", { key: "team", value: "etl" }],
  ["team=etl", { key: "team", value: "etl" }],
  ["a/b:x:y=z", { key: "a/b", value: "x:y=z" }],
  ["bare", { key: "bare", value: "" }],
  [" team : etl", { key: "team", value: " etl" }],
  [":x", undefined],
  ["", undefined],
])("parseTag(%j)", (text, want) => {
  expect(parseTag(text)).toEqual(want);
});

it("reads what it writes", () => {
  const tag = { key: "ns/key", value: '{"a": [1]}' };
  expect(parseTag(formatTag(tag))).toEqual(tag);
});

it("hides the system's prefix and no other", () => {
  expect(tagLabel("penstock/job")).toBe("job");
  expect(tagLabel("team/job")).toBe("team/job");
  expect(isSystemTag("penstocks/x")).toBe(false);
});

it("has words for every origin, newer ones too", () => {
  const origins = Object.values(Origin).filter((value) => typeof value === "number" && value !== Origin.UNSPECIFIED) as Origin[];
  expect(new Set(origins.map((origin) => originText({ origin }))).size).toBe(origins.length);
  expect(originText({ origin: 42 as Origin })).toBe("other origin");
  expect(originText({ origin: Origin.EDITED, edit: { $typeName: "penstock.tag.v1.Edit", user: "ada" } })).toBe("edited by ada");
});
