import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { beforeEach, expect, it } from "vitest";
import { ConfigFileSchema } from "@/gen/penstock/host/v1/host_pb";
import { LocationSchema, LocationState } from "@/gen/penstock/host/v1/location_pb";
import { dismiss, dismissedCauses, findCauses, forgetGone, sumUp } from "./cause";
import { addNotice, locationNotices } from "./location-notice";

const failing = (name: string, sinceMs = 1000, errorCode = "LOCATION_UNREACHABLE") =>
  create(LocationSchema, { name, state: LocationState.STALE, error: "it refuses connections", errorCode, remedy: "Start it.", errorSince: timestampFromMs(sinceMs) });
const server = (codeVersion: string, liveWorkers = 0) => ({ server: { build: { codeVersion }, liveWorkers } });

beforeEach(() => {
  dismissedCauses.set([]);
  locationNotices.set([]);
});

it("is silent when all is well", () => {
  expect(findCauses([create(LocationSchema, { name: "a", state: LocationState.READY })], undefined, [])).toEqual([]);
  expect(findCauses([], create(ConfigFileSchema, { path: "/etc/penstock.yaml" }), [])).toEqual([]);
});

it("says what fails and what to do", () => {
  expect(findCauses([failing("etl")], undefined, [])).toMatchObject([
    { kind: "failing", location: "etl", title: "Code location etl: stale", text: "it refuses connections", remedy: "Start it." },
  ]);
});

it("says what drains, with what it waits for, and what a deploy is about", () => {
  const draining = create(LocationSchema, { name: "a", state: LocationState.READY, draining: true, replicas: [server("x", 1), server("x", 2)] });
  const mixed = create(LocationSchema, { name: "b", state: LocationState.READY, mixed: true, replicas: [server("old"), { ...server("new"), inUse: true }, server("old")] });
  expect(findCauses([draining, mixed], undefined, [])).toMatchObject([
    { kind: "draining", text: "Its server ends when 3 runs of it have ended." },
    { kind: "mixed", text: "Its servers answer with code version new (in use) and old." },
  ]);
});

it("says of a deploy when only the new servers are left", () => {
  const replicas = [{ ...server("new"), inUse: true }];
  expect(findCauses([create(LocationSchema, { name: "b", state: LocationState.READY, mixed: true, replicas })], undefined, [])).toMatchObject([
    { kind: "mixed", text: "Only its newest servers answer now; one with other code did less than a minute ago." },
  ]);
});

it("tells of a location that is gone once, not as draining too", () => {
  const both = create(LocationSchema, { name: "a", state: LocationState.STALE, draining: true });
  expect(findCauses([both], undefined, []).map((cause) => cause.kind)).toEqual(["failing"]);
});

it("names the first mistake of the configuration file", () => {
  const config = create(ConfigFileSchema, { error: "line 3, column 5: no such field\nline 9, column 1: twice" });
  expect(findCauses([], config, [])).toMatchObject([{ kind: "config", text: "line 3, column 5: no such field" }]);
});

it("sums up several of a kind, and names a few", () => {
  const many = Array.from({ length: 8 }, (_, n) => failing(`loc${n}`));
  const [message, ...others] = sumUp(findCauses(many, undefined, []));
  expect(others).toEqual([]);
  expect(message).toMatchObject({ title: "8 code locations need attention", text: "loc0, loc1, loc2, loc3, loc4, loc5 and 2 more" });
  expect(message?.causes).toHaveLength(8);
});

it("what is put away stays away while it lasts; what happens anew is shown again", () => {
  const shown = (...locations: ReturnType<typeof failing>[]) => {
    const causes = findCauses(locations, undefined, []);
    forgetGone(causes);
    return causes.filter((cause) => !dismissedCauses.get().includes(cause.key)).map((cause) => cause.location);
  };
  dismiss(findCauses([failing("a")], undefined, []));
  expect(shown(failing("a"))).toEqual([]);
  expect(shown(failing("a"), failing("b"))).toEqual(["b"]);
  expect(shown(failing("a", 2000))).toEqual(["a"]);
  dismiss(findCauses([failing("a")], undefined, []));
  expect(shown(failing("a", 1000, "NEGOTIATION_FAILED"))).toEqual(["a"]);
  dismiss(findCauses([failing("a")], undefined, []));
  expect(shown()).toEqual([]);
  expect(shown(failing("a"))).toEqual(["a"]);
});

it("an update that is put away is shown again when the location is updated again", () => {
  addNotice({ location: "a", text: "code version 1 → 2" });
  dismiss(findCauses([], undefined, locationNotices.get()));
  expect(findCauses([], undefined, locationNotices.get())).toEqual([]);
  forgetGone([]);
  addNotice({ location: "a", text: "code version 1 → 2" });
  expect(findCauses([], undefined, locationNotices.get()).filter((cause) => !dismissedCauses.get().includes(cause.key))).toHaveLength(1);
});
