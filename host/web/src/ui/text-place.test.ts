import { Text } from "@codemirror/state";
import { expect, it } from "vitest";
import { offsetOf } from "./text-place";

const text = Text.of(["a: 1", "🙂b: 2", ""]);

it.each([
  [1, 1, 0],
  [1, 4, 3],
  [2, 1, 5],
  [2, 2, 7],
  [2, 0, 5],
  [2, 99, 5 + "🙂b: 2".length],
  [3, 1, text.length],
  [99, 1, text.length],
  [0, 0, 0],
])("line %d, column %d is at %d", (line, column, want) => {
  expect(offsetOf(text, { line, column })).toBe(want);
});
