import { expect, it } from "vitest";
import { formatSearch, parseSearch } from "./search-params";

it("reads what it writes, odd values too", () => {
  const params = { tag: ["team:a b", "k:x=y&z", "q:ü/€:+"], job: ["loc/repo/job"], empty: [""] };
  expect(parseSearch(formatSearch(params))).toEqual(params);
});

it("keeps addresses readable", () => {
  expect(formatSearch({ tag: ["team:etl"], job: "a/b/c", none: undefined, no: [] })).toBe("?tag=team:etl&job=a/b/c");
});

it("writes nothing for nothing", () => {
  expect(formatSearch({})).toBe("");
  expect(parseSearch("")).toEqual({});
});
