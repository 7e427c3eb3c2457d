import { expect, it } from "vitest";
import { formatFloat, groupDigits } from "./number-format";

it.each([
  ["0", "0"],
  ["999", "999"],
  ["-1234567", "-1,234,567"],
  ["123456789012345678901", "123,456,789,012,345,678,901"],
  ["12a", "12a"],
  ["", ""],
])("groupDigits(%j) is %j", (digits, want) => {
  expect(groupDigits(digits)).toBe(want);
});

it.each([
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
  [0.1 + 0.2, "0.3"],
  [1234.5, "1,234.5"],
  [1e-9, "1E-9"],
  [0, "0"],
])("formatFloat(%d) is %s", (value, want) => {
  expect(formatFloat(value)).toBe(want);
});
