import { expect, it } from "vitest";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { featureStateData } from "./feature-state";

it("knows the five states of the contract, each with an icon of its own", () => {
  const contract = Object.values(FeatureState).filter((value) => typeof value === "number" && value !== FeatureState.UNSPECIFIED) as FeatureState[];
  expect(contract).toHaveLength(5);
  const all = contract.map(featureStateData);
  expect(all.map((data) => data.state)).toEqual(contract);
  expect(new Set(all.map((data) => data.icon)).size).toBe(5);
});

it("never looks like an empty list when something is withheld", () => {
  expect(featureStateData(FeatureState.REFUSED).title).not.toBe(featureStateData(FeatureState.EMPTY).title);
  expect(featureStateData(9 as FeatureState).title).toContain("does not know");
});
