import { expect, it } from "vitest";
import { fieldRange } from "./text-place";

it("finds the word or the sign at a place, counting code points", () => {
  expect(fieldRange("read, nobody+", 1, 7)).toEqual([6, 12]);
  expect(fieldRange("a,,b", 1, 3)).toEqual([2, 3]);
  expect(fieldRange("😀 and 😀x", 1, 7)).toEqual([7, 10]);
  expect(fieldRange("a and", 1, 6)).toEqual([5, 5]);
  expect(fieldRange("a,\nbc d", 2, 1)).toEqual([2, 4]);
  expect(fieldRange("a", 3, 9)).toEqual([1, 1]);
});
