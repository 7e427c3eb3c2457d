import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { runStatusByName, runStatusData, runStatuses } from "./run-status";

it("knows every status of the contract once", () => {
  const contract = Object.values(RunStatus).filter((value) => typeof value === "number" && value !== RunStatus.UNSPECIFIED);
  expect(runStatuses.map((data) => data.status)).toEqual(contract);
});

it("never tells two statuses apart by colour alone", () => {
  expect(new Set(runStatuses.map((data) => data.icon)).size).toBe(runStatuses.length);
  expect(new Set(runStatuses.map((data) => data.label)).size).toBe(runStatuses.length);
});

it("names are those of the contract", () => {
  for (const data of runStatuses) {
    expect(RunStatus[data.status]).toBe(data.name);
    expect(runStatusByName(data.name.toLowerCase())).toBe(data.status);
  }
  expect(runStatusByName("nonsense")).toBeUndefined();
});

it("shows a status of a newer host as unknown, and leaves it cancelable", () => {
  expect(runStatusData(99 as RunStatus)).toMatchObject({ label: "Unknown to this page", cancelable: true, final: false });
});
