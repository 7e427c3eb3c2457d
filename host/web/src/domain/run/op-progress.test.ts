import { expect, it } from "vitest";
import { addProgress, progressPace, progressPart, progressText, type OpProgress } from "./op-progress";

const said = (...words: [done: number, ms: number][]) => words.reduce<OpProgress | undefined>((known, [done, ms]) => addProgress(known, { done, total: 1000, unit: "rows" }, ms), undefined)!;

it("says how much is done, and what part when the whole is known", () => {
  expect(progressText({ done: 450, total: 1000, unit: "rows" })).toBe("450 of 1,000 rows, 45 %");
  expect(progressText({ done: 1234.56, total: 0, unit: "" })).toBe("1,234.6");
  expect(progressText({ done: 999.9, total: 1000, unit: "MiB" })).toBe("999.9 of 1,000 MiB, 99 %");
});

it.each([
  [0, 0, undefined],
  [5, 0, undefined],
  [5, 10, 0.5],
  [20, 10, 1],
  [-1, 10, 0],
  [Number.NaN, 10, undefined],
  [1, Number.NaN, undefined],
])("%d of %d is the part %j", (done, total, part) => {
  expect(progressPart({ done, total })).toBe(part);
});

it("tells a rate and the time left, once enough was said", () => {
  expect(progressPace(said([0, 0], [100, 1000]), 1000)).toBe("");
  expect(progressPace(said([0, 0], [100, 1000], [400, 4000]), 4000)).toBe("100 rows a second, about 6.0 s left");
  expect(progressPace(said([0, 0], [400, 4000]), 7000)).toBe("100 rows a second, about 3.0 s left");
});

it("promises nothing for one that is over its time, stands still or counts anew", () => {
  expect(progressPace(said([0, 0], [400, 4000]), 60_000)).toBe("100 rows a second");
  expect(progressPace(said([5, 0], [5, 4000]), 4000)).toBe("");
  expect(progressPace(said([400, 0], [1, 4000]), 4000)).toBe("");
  expect(progressPace(said([0, 0], [1000, 4000]), 4000)).toBe("250 rows a second");
});

it("looks at late words only", () => {
  const words = Array.from({ length: 100 }, (_, n): [number, number] => [n < 50 ? n : 50 + (n - 50) * 10, n * 1000]);
  expect(said(...words).rate).toBe(10);
  expect(said(...words).before.length).toBeLessThanOrEqual(16);
});
