import { expect, it } from "vitest";
import { between } from "./picked";

it("takes the rows between two, whichever is first", () => {
  const page = ["a", "b", "c", "d"];
  expect(between(page, "b", "d")).toEqual(["b", "c", "d"]);
  expect(between(page, "d", "b")).toEqual(["b", "c", "d"]);
  expect(between(page, "b", "b")).toEqual(["b"]);
  expect(between(page, "", "c")).toEqual(["c"]);
  expect(between(page, "gone", "c")).toEqual(["c"]);
});
