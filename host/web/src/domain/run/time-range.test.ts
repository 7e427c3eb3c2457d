import { expect, it } from "vitest";
import { localTimeOf, rangeTerms, timeRangeLabel } from "./time-range";

it("names the time that a selector is about", () => {
  expect(timeRangeLabel("team=etl")).toBe("Any time");
  expect(timeRangeLabel("team=etl and created > -24h")).toBe("Last 24 hours");
  expect(timeRangeLabel("created>-3h")).toBe("Custom time");
  expect(timeRangeLabel("created>-1h and created<-30m")).toBe("Custom time");
});

it("writes terms for local times, and reads them back", () => {
  const terms = rangeTerms("2026-11-23T10:00", "");
  expect(terms).toEqual([`created>=${new Date("2026-11-23T10:00").toISOString().slice(0, 19)}Z`]);
  expect(localTimeOf(`team=etl and ${terms.join("")}`, ">")).toBe("2026-11-23T10:00");
  expect(localTimeOf(terms.join(""), "<")).toBe("");
  expect(localTimeOf("created>-1h", ">")).toBe("");
  expect(rangeTerms("nonsense", "2026-11-23T10:00")).toHaveLength(1);
});
