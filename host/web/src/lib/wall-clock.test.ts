import { expect, it } from "vitest";
import { formatWall } from "./wall-clock";

it("tells the time of day of a zone, and nothing of a zone that nobody knows", () => {
  const ms = Date.parse("2026-03-08T07:30:00Z");
  expect(formatWall(ms, "America/New_York")).toContain("03:30:00");
  expect(formatWall(ms, "Atlantis/Capital")).toBeUndefined();
});
