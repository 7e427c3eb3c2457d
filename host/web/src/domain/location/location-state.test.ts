import { expect, it } from "vitest";
import { LocationState } from "@/gen/penstock/host/v1/location_pb";
import { locationStateData } from "./location-state";

it("knows every state of the contract, each with an icon of its own", () => {
  const contract = Object.values(LocationState).filter((value) => typeof value === "number" && value !== LocationState.UNSPECIFIED) as LocationState[];
  const all = contract.map(locationStateData);
  expect(all.map((data) => data.state)).toEqual(contract);
  expect(new Set(all.map((data) => data.icon)).size).toBe(contract.length);
});

it("asks people to look where jobs are missing or old", () => {
  expect(locationStateData(LocationState.READY).trouble).toBe(false);
  expect(locationStateData(LocationState.STALE).trouble).toBe(true);
  expect(locationStateData(77 as LocationState).trouble).toBe(true);
});
