import { describe, expect, it } from "vitest";
import { formatAgo, formatAhead, formatDuration } from "./duration";

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"],
    [0.04, "0 ms"],
    [0.4, "0.4 ms"],
    [340.4, "340 ms"],
    [4_290, "4.2 s"],
    [59_990, "59.9 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [7_440_000, "2 h 4 min"],
    [90_000_000, "1 d 1 h"],
    [-5, "0 ms"],
    [Number.NaN, "–"],
  ])("%d ms is %s", (ms, want) => {
    expect(formatDuration(ms)).toBe(want);
  });
});

describe("formatAgo", () => {
  it.each([
    [-100, "just now"],
    [59_999, "59 s ago"],
    [3_600_000, "1 h ago"],
    [200_000_000, "2 d ago"],
  ])("%d ms is %s", (ms, want) => {
    expect(formatAgo(ms)).toBe(want);
  });
});

describe("formatAhead", () => {
  it.each([
    [-100, "now"],
    [2_500, "in 2 s"],
    [3_700_000, "in 1 h"],
    [200_000_000, "in 2 d"],
  ])("%d ms is %s", (ms, want) => {
    expect(formatAhead(ms)).toBe(want);
  });
});
