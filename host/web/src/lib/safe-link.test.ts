import { expect, it } from "vitest";
import { isSafeLink } from "./safe-link";

it.each(["http://a", "https://docs.dagster.io", "HTTPS://a/b?c#d", "mailto:a@b", "/runs/1", "/"])("%s is a link", (text) => {
  expect(isSafeLink(text)).toBe(true);
});

it.each([
  "",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\nscript:alert(1)",
  " https://a",
  "data:text/html,<script>",
  "vbscript:x",
  "//evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "https:/a",
  "https://",
  "mailto:",
  "relative/path",
  "blob:https://a/1",
  `https://a/${"x".repeat(2048)}`,
  "https://a/\u202e",
])("%j is text", (text) => {
  expect(isSafeLink(text)).toBe(false);
});
