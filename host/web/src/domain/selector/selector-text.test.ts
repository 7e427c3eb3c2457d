import { expect, it } from "vitest";
import { aroundPart, codePointsBefore, createdTerms, isSelector, markedText, quoted, tagTerm, withCreated, withTerm } from "./selector-text";

it.each([
  ["etl", "etl"],
  ["local/tutorial/report", "local/tutorial/report"],
  ["v1.2-rc:3", "v1.2-rc:3"],
  ["daten-größe", "daten-größe"],
  ["", '""'],
  ["data team", '"data team"'],
  ["a=b", '"a=b"'],
  ["AND", '"AND"'],
  ["-1", '"-1"'],
  ['say "no"', '"say \\"no\\""'],
  ["a\\b", '"a\\\\b"'],
  ["a*", '"a*"'],
])("quotes %j as %s", (value, want) => {
  expect(quoted(value)).toBe(want);
});

it("says that a tag is meant where its key is a field or a word of the language", () => {
  expect(tagTerm({ key: "team", value: "a b" })).toBe('team="a b"');
  expect(tagTerm({ key: "status", value: "ok" })).toBe("tag:status=ok");
  expect(tagTerm({ key: "In", value: "" })).toBe('tag:In=""');
});

it("adds a term once, and keeps the rest", () => {
  expect(withTerm("", "a=1")).toBe("a=1");
  expect(withTerm("a=1", "b=2")).toBe("a=1 and b=2");
  expect(withTerm("a=1 and  b=2 ", "b=2")).toBe("a=1 and  b=2");
  expect(withTerm("a=1 or b=2", "c=3")).toBe("(a=1 or b=2) and c=3");
  expect(withTerm("(a=1 or b=2) and d", "c=3")).toBe("(a=1 or b=2) and d and c=3");
  expect(withTerm('x="this or that"', "c=3")).toBe('x="this or that" and c=3');
  expect(withTerm("x=it's or y", "c=3")).toBe("(x=it's or y) and c=3");
  expect(withTerm("x=a=or and tag:'a or b'", "c=3")).toBe("x=a=or and tag:'a or b' and c=3");
  expect(withTerm("x = or", "c=3")).toBe("x = or and c=3");
  expect(withTerm("status in (failure, canceled)", "c=3")).toBe("status in (failure, canceled) and c=3");
});

it("replaces the terms about when runs were created, and no others", () => {
  const where = 'created>-1h and team=etl and started>-2h and note="created>-1h"';
  expect(createdTerms(where)).toEqual(["created>-1h"]);
  expect(withCreated(where, ["created>-7d"])).toBe('team=etl and started>-2h and note="created>-1h" and created>-7d');
  expect(withCreated("created>=2026-01-01 and created<2026-02-01", [])).toBe("");
  expect(withCreated("a=1 or created>-1h", ["created>-1h"])).toBe("(a=1 or created>-1h) and created>-1h");
  expect(withCreated("a=1 or b=2", [])).toBe("a=1 or b=2");
});

it("tells a selector from words", () => {
  for (const text of ["team=etl", "not env=dev", "meta:owner", "tag:status", "status in (failure)", "(a=1 or b)", 'meta:"data team"', "key=~pre*", "started>-2h"]) expect(isSelector(text), text).toBe(true);
  for (const text of ["", "report", "weekly report", "data-team", "android notes", "a/b", "profit and loss", "rows in tables", "team's (old)", "in"]) expect(isSelector(text), text).toBe(false);
});

it("marks the character at a column, counted in code points", () => {
  expect(markedText("a𝄞=b", 3)).toEqual(["a𝄞", "=", "b"]);
  expect(markedText("a=", 3)).toEqual(["a=", "", ""]);
  expect(codePointsBefore("a𝄞=b", 3)).toBe(2);
});

it("finds what is around a part, also when more was typed in it", () => {
  const part = { text: "𝄞=a and te", from: 8, to: 10 };
  expect(aroundPart(part, "𝄞=a and te")).toEqual(["𝄞=a and ", ""]);
  expect(aroundPart(part, "𝄞=a and team")).toEqual(["𝄞=a and ", ""]);
  expect(aroundPart({ text: "te and b", from: 0, to: 2 }, "tea and b")).toEqual(["", " and b"]);
  expect(aroundPart(part, "𝄞=a and")).toBeUndefined();
  expect(aroundPart(part, "x=a and te")).toBeUndefined();
});
