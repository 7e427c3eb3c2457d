import { expect, it } from "vitest";
import type { GraphModel, GraphNode } from "@/domain/graph/graph-model";
import type { OpGroup } from "@/domain/run/op-groups";
import type { OpState } from "@/domain/run/op-outcome";
import { nodeStates } from "./node-states";

const node = (path: string, kind: GraphNode["kind"] = "op"): GraphNode => ({ path, name: path, kind, detail: "", ops: 0, mapped: false });
const group = (path: string, counts: Partial<Record<OpState, number>>, bar?: OpGroup["instances"][number]["bar"]): OpGroup => {
  const entries = Object.entries(counts) as [OpState, number][];
  const instances = entries.flatMap(([state, count]) => Array.from({ length: count }, (_, n) => ({ path: count === 1 ? path : `${path}[${n}]`, bar, state })));
  return { path, mapped: instances.length > 1, instances, total: instances.length, counts: new Map(entries) };
};
const model = (...nodes: GraphNode[]): GraphModel => ({ nodes, edges: [] });
const text = (path: string, ...input: Parameters<typeof nodeStates>) => nodeStates(...input).get(path)?.text;

it("says how an op stands, and how far it is", () => {
  const progress = { done: 3, total: 4, unit: "rows", ms: 1, rate: undefined, before: [] };
  const bar = { path: "a", startedMs: 1, endedMs: undefined, outcome: undefined, attempts: [], againMs: undefined, progress };
  const states = nodeStates(model(node("a"), node("in:x", "input")), [group("a", { running: 1 }, bar)], false);
  expect(states.get("a")).toMatchObject({ text: "Running, 3 of 4 rows, 75 %", part: 0.75 });
  expect(states.has("in:x")).toBe(false);
});

it("sums up instances, and what is inside of a graph", () => {
  const groups = [group("load.fetch", { success: 2, failed: 1, running: 1 }), group("load.parse", { waiting: 4 }), group("list", { success: 1 })];
  const states = nodeStates(model(node("load", "graph"), node("load.fetch"), node("list")), groups, false);
  expect(states.get("load")).toMatchObject({ text: "Running, 3 of 8, 1 failed", part: 3 / 8 });
  expect(states.get("load.fetch")?.text).toBe("Running, 3 of 4, 1 failed");
  expect(states.get("list")).toMatchObject({ text: "Success", part: undefined });
});

it("says it of one that the run leaves out", () => {
  expect(text("b", model(node("b")), [group("a", { success: 1 })], true)).toBe("Not part of this run");
});
