import { expect, it } from "vitest";
import { inertText } from "./inert-text";

it.each([
  ["plain text, ümlaut and 日本語 stay", "plain text, ümlaut and 日本語 stay"],
  ["one\ttwo\nthree", "one\ttwo\nthree"],
  ["one\r\ntwo", "one\ntwo"],
  ["\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m"],
  ["bell\u0007 null\u0000 c1\u009b", "bell\\x07 null\\x00 c1\\u009b"],
  ["\u202etxt.exe", "\\u202etxt.exe"],
  ["a\u2028b", "a\\u2028b"],
  ["\u{e0041}", "\\U000e0041"],
  ["👩‍🔬", "👩‍🔬"],
])("%j becomes %j", (text, want) => {
  expect(inertText(text)).toBe(want);
});
