import { expect, it } from "vitest";
import { parseExactJson } from "./exact-json";

it("reads what is plain", () => {
  expect(parseExactJson('{"a":[1,1.50,-2e3,true,null,"x"]}')).toEqual({ a: [1, 1.5, -2000, true, null, "x"] });
});

it("says so when the text is no JSON", () => {
  expect(parseExactJson("{a: 1}")).toBeUndefined();
  expect(parseExactJson("")).toBeUndefined();
});

it("does not take keys of the language for its own", () => {
  const got = parseExactJson('{"__proto__":{"x":1}}') as Record<string, unknown>;
  expect(Object.keys(got)).toEqual(["__proto__"]);
});
