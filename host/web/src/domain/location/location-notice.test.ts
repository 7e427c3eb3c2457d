import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, it } from "vitest";
import { LocationSchema, LocationState } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { addNotice, dismissNotice, jobsMayDiffer, locationNotices, updateText } from "./location-notice";

const location = (codeVersion: string, digest = 1, state = LocationState.READY) =>
  create(LocationSchema, {
    name: "local",
    state,
    server: { protocolVersion: "0.15.0", build: { codeVersion }, definitionsDigest: new Uint8Array([digest]) },
  });

beforeEach(() => {
  locationNotices.set([]);
});

it("says what an update changed", () => {
  expect(updateText(location("abc"), location("def", 2))).toBe("code version abc → def");
  expect(updateText(location("abc"), location("abc", 2))).toBe("its definitions changed");
  expect(updateText(location(""), location("def"))).toBe("code version none → def");
});

it("says when the same definitions may do more or less than before", () => {
  const may = (state: FeatureState, code = "") => create(LocationSchema, { name: "local", server: { definitionsDigest: new Uint8Array([1]) }, capabilities: [{ capability: "job_metadata", state, refusal: { code } }] });
  expect(updateText(may(FeatureState.REFUSED, "CAPABILITY_NOT_ADVERTISED"), may(FeatureState.SHOWN))).toBe("what it may do on this host changed");
  expect(updateText(may(FeatureState.SHOWN), may(FeatureState.STALE))).toBeUndefined();
});

it("compares the definitions in use, not the report that came last, and counts jobs", () => {
  const inUse = (digest: number, lastReport: string, jobs: number) =>
    create(LocationSchema, {
      name: "local",
      server: { build: { codeVersion: lastReport }, definitionsDigest: new Uint8Array([9]) },
      definitionsDigest: new Uint8Array([digest]),
      replicas: [{ inUse: true, server: { build: { codeVersion: "abc" } } }],
      repositories: [{ name: "r", jobs }],
    });
  expect(updateText(inUse(1, "abc", 2), inUse(1, "def", 2))).toBeUndefined();
  expect(updateText(inUse(1, "abc", 2), inUse(2, "abc", 3))).toBe("jobs 2 → 3");
});

it("is silent when nothing changed, at first sight, and when a location only comes and goes", () => {
  expect(updateText(location("abc"), location("abc"))).toBeUndefined();
  expect(updateText(undefined, location("abc"))).toBeUndefined();
  expect(updateText(location("abc"), location("abc", 1, LocationState.STALE))).toBeUndefined();
  expect(updateText(create(LocationSchema, { name: "local" }), location("abc"))).toBeUndefined();
});

it("jobs are asked for again when state or definitions change, not when only the last answer is newer", () => {
  expect(jobsMayDiffer(location("abc"), location("abc"))).toBe(false);
  expect(jobsMayDiffer(location("abc"), location("abc", 1, LocationState.STALE))).toBe(true);
  expect(jobsMayDiffer(location("abc"), location("abc", 2))).toBe(true);
});

it("keeps one notice for a location until it is put away", () => {
  addNotice({ location: "a", text: "1" });
  addNotice({ location: "b", text: "2" });
  addNotice({ location: "a", text: "3" });
  expect(locationNotices.get().map((notice) => notice.text)).toEqual(["2", "3"]);
  dismissNotice("a");
  expect(locationNotices.get().map((notice) => notice.location)).toEqual(["b"]);
});
