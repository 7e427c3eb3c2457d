import { expect, it } from "vitest";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import type { OpBar } from "./op-bars";
import { countEnded, countsText, opGroups, overallState, partDone, sumCounts } from "./op-groups";

const bar = (path: string, startedMs: number | undefined, outcome?: Outcome, more: Partial<OpBar> = {}): OpBar => ({
  path, startedMs, endedMs: outcome === undefined ? undefined : 99, outcome, attempts: [], againMs: undefined, progress: undefined, ...more,
});
const flat = () => 0;
const facts = { opPaths: [], bars: [], expansions: [], over: false, depthOf: flat };

it("orders ops by their start; the skipped and the waiting come last", () => {
  const bars = [bar("c", 20), bar("e", undefined, Outcome.SKIPPED), bar("a", 10)];
  const groups = opGroups({ ...facts, opPaths: ["a", "b", "c", "d", "e"], bars });
  expect(groups.map((group) => group.path)).toEqual(["a", "c", "e", "b", "d"]);
  expect(groups.map((group) => group.instances[0]?.state)).toEqual(["running", "running", "skipped", "waiting", "waiting"]);
});

it("shows ops that the run was not known to have", () => {
  expect(opGroups({ ...facts, bars: [bar("x", 1)] }).map((group) => group.path)).toEqual(["x"]);
});

it("puts instances under their op, and counts those that are told but not heard of", () => {
  const depthOf = (template: string) => (template === "parse" ? 1 : 0);
  const bars = [bar("list", 1, Outcome.SUCCESS), bar("parse[b]", 5, Outcome.FAILURE), bar("parse[a]", 4)];
  const expansions = [{ path: "parse", keys: ["a", "b", "c"], total: 5 }];
  const [, parse] = opGroups({ ...facts, opPaths: ["list", "parse"], bars, expansions, depthOf });
  expect(parse).toMatchObject({ path: "parse", mapped: true, total: 5 });
  expect(parse?.instances.map(({ path, state }) => `${path} ${state}`)).toEqual(["parse[a] running", "parse[b] failed", "parse[c] waiting"]);
  expect(countsText(parse!.counts)).toBe("1 failed, 1 running, 3 waiting");
});

it("knows a mapped op before its instances are known, and one that had no items", () => {
  const depthOf = (template: string) => (template === "parse" ? 1 : 0);
  const waiting = opGroups({ ...facts, opPaths: ["parse"], depthOf });
  expect(waiting).toMatchObject([{ path: "parse", mapped: true, instances: [], total: 0 }]);
  expect(overallState(waiting[0]!.counts, false)).toBe("waiting");
  const none = opGroups({ ...facts, opPaths: ["parse"], expansions: [{ path: "parse", keys: [], total: 0 }], over: true, depthOf });
  expect(none).toMatchObject([{ mapped: true, total: 0 }]);
});

it("expects only the instances that the run executes", () => {
  const expansions = [{ path: "parse", keys: ["a", "b", "c"], total: 3 }];
  const [parse] = opGroups({ ...facts, opPaths: ["parse[b]"], expansions, depthOf: () => 1 });
  expect(parse).toMatchObject({ total: 1 });
  expect(parse?.instances.map((each) => each.path)).toEqual(["parse[b]"]);
});

it("expects all instances inside of the instance that is executed", () => {
  const depthOf = (template: string) => (template === "load" || template === "load.parse" ? 1 : 0);
  const expansions = [{ path: "load[a].parse", keys: ["x", "y"], total: 2 }];
  const [parse] = opGroups({ ...facts, opPaths: ["load[a].parse"], expansions, depthOf });
  expect(parse?.instances.map((each) => each.path)).toEqual(["load[a].parse[x]", "load[a].parse[y]"]);
});

it("adds up the instances of a map within a map; an outer key alone is no instance", () => {
  const depthOf = (template: string) => (template === "parse" ? 2 : 0);
  const expansions = [{ path: "parse", keys: ["a", "b"], total: 2 }, { path: "parse[a]", keys: ["x", "y"], total: 2 }, { path: "parse[b]", keys: ["z"], total: 1 }];
  const [parse] = opGroups({ ...facts, opPaths: ["parse"], expansions, depthOf });
  expect(parse?.instances.map((each) => each.path)).toEqual(["parse[a][x]", "parse[a][y]", "parse[b][z]"]);
  expect(parse?.total).toBe(3);
});

it("puts keys of a mapped graph where the graph is", () => {
  const depthOf = (template: string) => (template === "load" ? 1 : 0);
  const expansions = [{ path: "load.parse", keys: ["a"], total: 1 }];
  const [group] = opGroups({ ...facts, opPaths: ["load.parse"], expansions, depthOf });
  expect(group).toMatchObject({ path: "load.parse", mapped: true, instances: [{ path: "load[a].parse" }] });
});

it.each([
  ["a failure after all have ended", ["SUCCESS", "FAILURE"], false, "failed"],
  ["under way while some have ended", ["SUCCESS", undefined], false, "running"],
  ["well when some were reused", ["SUCCESS", "REUSED"], true, "success"],
  ["reused when all were", ["REUSED", "REUSED"], true, "reused"],
  ["skipped before well", ["SUCCESS", "SKIPPED"], true, "skipped"],
] as const)("says %s", (_, outcomes, over, want) => {
  const bars = outcomes.map((outcome, n) => bar(`p[${n}]`, n, outcome === undefined ? undefined : Outcome[outcome]));
  expect(overallState(sumCounts(opGroups({ ...facts, bars, over })), over)).toBe(want);
});

it("says how much is done by what has ended and by the word of what runs", () => {
  const progress = { done: 5, total: 10, unit: "", ms: 1, rate: undefined, before: [] };
  const groups = opGroups({ ...facts, opPaths: ["c", "d"], bars: [bar("a", 1, Outcome.SUCCESS), bar("b", 2, undefined, { progress })] });
  expect(countEnded(sumCounts(groups))).toEqual({ ended: 1, total: 4 });
  expect(partDone(groups)).toBe(1.5 / 4);
  expect(partDone([])).toBeUndefined();
});

it("stays quick with ten thousand instances", () => {
  const bars = Array.from({ length: 10_000 }, (_, n) => bar(`parse[${n}]`, n, Outcome.SUCCESS));
  const expansions = [{ path: "parse", keys: bars.map((_, n) => String(n)), total: 10_000 }];
  const [parse] = opGroups({ ...facts, opPaths: ["parse"], bars, expansions, depthOf: () => 1 });
  expect(parse?.instances).toHaveLength(10_000);
  expect(countsText(parse!.counts)).toBe("10,000 success");
});
