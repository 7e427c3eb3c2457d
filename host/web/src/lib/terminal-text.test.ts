import { expect, it } from "vitest";
import { TerminalText } from "./terminal-text";

const plain = (...parts: string[]) => {
  const terminal = new TerminalText();
  return parts.map((part) => terminal.add(part)).join("");
};

it.each([
  ["colours", "\u001b[1;31mred\u001b[0m text", "red text"],
  ["movements of the cursor", "a\u001b[2K\u001b[1Gb\u001b[?25l", "ab"],
  ["titles that end with a bell", "\u001b]0;title\u0007after", "after"],
  ["links that end with a string terminator", "\u001b]8;;https://x.example\u001b\\word\u001b]8;;\u001b\\", "word"],
  ["short ones", "\u001b(Bx\u001bMy", "xy"],
  ["nothing of other text", "50% [done]\n\ttab", "50% [done]\n\ttab"],
])("takes out %s", (_, text, want) => {
  expect(plain(text)).toBe(want);
  // However it is cut.
  expect(plain(...Array.from(text))).toBe(want);
});

it("lets nothing that has no end eat the rest", () => {
  expect(plain(`\u001b]${"x".repeat(5_000)}`)).toBe(`]${"x".repeat(5_000)}`);
});
