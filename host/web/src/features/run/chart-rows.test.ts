import { expect, it } from "vitest";
import type { OpGroup } from "@/domain/run/op-groups";
import type { OpState } from "@/domain/run/op-outcome";
import { allInstances, chartRows, rowHeight } from "./chart-rows";

const group = (path: string, ...instances: [path: string, state: OpState][]): OpGroup => ({
  path,
  mapped: instances.some(([each]) => each !== path),
  instances: instances.map(([each, state]) => ({ path: each, bar: undefined, state })),
  total: instances.length,
  counts: new Map(),
});
const parse = group("parse", ["parse[a]", "failed"], ["parse[b]", "success"], ["parse[ab]", "success"]);
const shown = (...input: Parameters<typeof chartRows>) => chartRows(...input).map((row) => `${row.kind} ${row.key}`);

it("has a line for each op, and one for all instances of a mapped op", () => {
  expect(shown([group("list", ["list", "success"]), parse], new Map())).toEqual(["op list", "group parse"]);
});

it("lists the instances of one that is open, as far as the filter lets them through", () => {
  expect(shown([parse], new Map([["parse", allInstances]]))).toEqual(["group parse", "filter parse filter", "op parse[a]", "op parse[b]", "op parse[ab]"]);
  expect(shown([parse], new Map([["parse", { text: "[A", state: undefined }]]))).toEqual(["group parse", "filter parse filter", "op parse[a]", "op parse[ab]"]);
  expect(shown([parse], new Map([["parse", { text: "a", state: "failed" as const }]]))).toEqual(["group parse", "filter parse filter", "op parse[a]"]);
  expect(chartRows([parse], new Map([["parse", { text: "zz", state: undefined }]])).at(-1)).toMatchObject({ kind: "filter", found: 0 });
});

it("shows a mapped op that was skipped as a whole as one op", () => {
  expect(shown([group("parse", ["parse", "skipped"])], new Map())).toEqual(["op parse"]);
});

it("gives room to progress while it matters", () => {
  const progress = { done: 1, total: 2, unit: "", ms: 1, rate: undefined, before: [] };
  const bar = { path: "a", startedMs: 1, endedMs: undefined, outcome: undefined, attempts: [], againMs: undefined, progress };
  const height = (state: OpState) => rowHeight({ kind: "op", key: "a", instance: { path: "a", bar, state }, inside: false });
  expect(height("running")).toBeGreaterThan(height("success"));
  expect(height("failed")).toBeGreaterThan(height("success"));
});
