import { expect, it } from "vitest";
import { placeBoxes } from "./graph-layout";

const box = { width: 100, height: 40 };

it("puts what feeds above what is fed, side by side what is parallel", () => {
  const [top, left, right, bottom] = placeBoxes({ boxes: [box, box, box, box], arrows: [[0, 1], [0, 2], [1, 3], [2, 3]] });
  expect(top?.y).toBeLessThan(left?.y ?? 0);
  expect(left?.y).toBe(right?.y);
  expect(Math.abs((left?.x ?? 0) - (right?.x ?? 0))).toBeGreaterThanOrEqual(box.width);
  expect(bottom?.y).toBeGreaterThan(left?.y ?? 0);
});

it("places nothing, and boxes without arrows", () => {
  expect(placeBoxes({ boxes: [], arrows: [] })).toEqual([]);
  expect(placeBoxes({ boxes: [box, box], arrows: [] })).toHaveLength(2);
});
