import { expect, it } from "vitest";
import { addRows, countPicked, formatPicked, isPicked, rangesOf, readPicked, toggleRow, type Span } from "./picked-rows";

const keys = ["d5", "d4", "d3", "d2", "d1"];

it("adds ranges in either direction and joins what touches", () => {
  let spans: Span[] = addRows([], 3, 1);
  expect(spans).toEqual([[1, 3]]);
  spans = addRows(spans, 4, 4);
  expect(spans).toEqual([[1, 4]]);
  expect(countPicked(spans)).toBe(4);
});

it("toggles a row: at an end, in the middle, alone", () => {
  expect(toggleRow([[1, 3]], 2)).toEqual([[1, 1], [3, 3]]);
  expect(toggleRow([[1, 3]], 1)).toEqual([[2, 3]]);
  expect(toggleRow([[1, 1]], 1)).toEqual([]);
  expect(toggleRow([[1, 1]], 2)).toEqual([[1, 2]]);
  expect(isPicked([[1, 2]], 3)).toBe(false);
});

it("writes ranges with the older key first, whichever way they are shown, and reads them again", () => {
  const spans: Span[] = [[0, 1], [3, 4]];
  expect(formatPicked(spans, keys, true)).toEqual(["d4..d5", "d1..d2"]);
  expect(rangesOf([[0, 1]], keys.toReversed(), false)).toEqual([{ from: "d1", to: "d2" }]);
  expect(readPicked(["d4..d5", "d1..d2"], keys, true)).toEqual({ spans, missing: false });
  expect(readPicked(["d2"], keys, true)).toEqual({ spans: [[3, 3]], missing: false });
});

it("says that more keys are needed while an end is not loaded", () => {
  expect(readPicked(["d0..d2"], keys, true)).toEqual({ spans: [[3, 4]], missing: true });
  expect(readPicked(["a..b"], keys, true)).toEqual({ spans: [], missing: true });
  expect(readPicked(["d2..d9"], keys, true)).toEqual({ spans: [[0, 3]], missing: false });
});
