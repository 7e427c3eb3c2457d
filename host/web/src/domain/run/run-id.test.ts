import { expect, it } from "vitest";
import { looksLikeRunId, shortRunId } from "./run-id";

const id = "0193a4b2-77c1-7d10-9a2e-3f0c5b6a7d8e";

it("shortens to the millisecond", () => {
  expect(shortRunId(id)).toBe("0193a4b2-77c1");
});

it.each([id, "0193", "0193a4b2-", "0193a4b2-77c1-7d"])("%s may be an id", (text) => {
  expect(looksLikeRunId(text)).toBe(true);
});

it.each(["", "019", "team", "deploy-2", "0193A4B2"])("%s is none", (text) => {
  expect(looksLikeRunId(text)).toBe(false);
});
