import { plural } from "@/lib/plural";
import type { Expansion, OpBar } from "./op-bars";
import { hasEnded, opState, opStateLook, opStates, type OpState } from "./op-outcome";
import { instancePath, isInstance, keysOf, templatePath } from "./op-path";
import { progressPart } from "./op-progress";

/** An op of a run: once, or as many instances as its list has items. */
export interface OpInstance {
  path: string;
  /** Undefined before it is heard of. */
  bar: OpBar | undefined;
  state: OpState;
}

/** An op with its instances, in the order in which they are shown. */
export interface OpGroup {
  /** Path without keys. */
  path: string;
  /** Set when it is mapped: its instances are shown below it. */
  mapped: boolean;
  /** One when it is not mapped. */
  instances: OpInstance[];
  /** Instances in all, as far as is known; there may be more than those above. */
  total: number;
  counts: OpCounts;
}

/** How many ops, or instances, are in which state. */
export type OpCounts = ReadonlyMap<OpState, number>;

/** What a run has of ops, and what is known of them. */
interface OpFacts {
  /** Op paths that the run executes. */
  opPaths: readonly string[];
  bars: readonly OpBar[];
  expansions: readonly Expansion[];
  /** The run is final. */
  over: boolean;
  /** Of how many maps a node is a part itself, by its path without keys; by the job's definition. */
  depthOf: (template: string) => number;
}

/** The run's ops: first those heard of, in the order they started, then those that wait. Instances likewise. */
export function opGroups({ opPaths, bars, expansions, over, depthOf }: OpFacts): OpGroup[] {
  const groups = new Map<string, Pick<OpGroup, "mapped" | "instances">>();
  const group = (path: string) => {
    const found = groups.get(path) ?? { mapped: false, instances: [] };
    groups.set(path, found);
    return found;
  };
  const known = new Set<string>();
  const selected = new Set(opPaths);
  const whole = (template: string) => selected.size === 0 || selected.has(template);
  for (const bar of [...bars].sort(byStart)) {
    known.add(bar.path);
    const found = group(templatePath(bar.path));
    found.mapped ||= isInstance(bar.path);
    found.instances.push({ path: bar.path, bar, state: opState(bar, over) });
  }
  const told = new Map<string, number>();
  for (const { path, keys, total } of expansions) {
    const template = templatePath(path);
    const found = group(template);
    found.mapped = true;
    // An outer map's instances of an op that an inner map has, too, are no instances of the op yet.
    if (keysOf(path) + 1 < depthBelow(template, depthOf)) continue;
    if (whole(template)) told.set(template, (told.get(template) ?? 0) + total);
    for (const key of keys) {
      const instance = instancePath(path, key, depthOf);
      if (known.has(instance) || !isSelected(instance, selected)) continue;
      known.add(instance);
      found.instances.push({ path: instance, bar: undefined, state: opState(undefined, over) });
    }
  }
  for (const path of opPaths) {
    const template = templatePath(path);
    const found = group(template);
    const depth = depthBelow(template, depthOf);
    found.mapped ||= depth > 0 || isInstance(path);
    // A path with fewer keys than maps stands for all of their instances.
    if (keysOf(path) < depth || known.has(path) || (!isInstance(path) && (told.has(template) || found.instances.length > 0))) continue;
    found.instances.push({ path, bar: undefined, state: opState(undefined, over) });
  }
  return [...groups].map(([path, { mapped, instances }]) => ({
    path,
    mapped,
    instances,
    total: Math.max(instances.length, told.get(path) ?? 0),
    counts: countStates(instances, told.get(path) ?? 0, over),
  }));
}

function byStart(a: OpBar, b: OpBar): number {
  const late = Number.POSITIVE_INFINITY;
  return a.startedMs === b.startedMs ? 0 : (a.startedMs ?? late) - (b.startedMs ?? late);
}

// Of how many maps an op is a part, those around it included.
function depthBelow(template: string, depthOf: (template: string) => number): number {
  let depth = 0;
  let at = "";
  for (const part of template.split(".")) {
    at = at === "" ? part : `${at}.${part}`;
    depth += depthOf(at);
  }
  return depth;
}

// A run may execute single instances only; then the others are not expected.
function isSelected(instance: string, selected: ReadonlySet<string>): boolean {
  if (selected.size === 0 || selected.has(instance) || selected.has(templatePath(instance))) return true;
  for (let at = instance.length - 1; at > 0; at--) {
    const next = instance[at];
    if ((next === "." || next === "[") && selected.has(instance.slice(0, at))) return true;
  }
  return false;
}

function countStates(instances: readonly OpInstance[], total: number, over: boolean): OpCounts {
  const counts = new Map<OpState, number>();
  for (const { state } of instances) counts.set(state, (counts.get(state) ?? 0) + 1);
  const silent = total - instances.length;
  const rest = opState(undefined, over);
  if (silent > 0) counts.set(rest, (counts.get(rest) ?? 0) + silent);
  return counts;
}

/** The counts of several groups together. */
export function sumCounts(groups: readonly OpGroup[]): OpCounts {
  const counts = new Map<OpState, number>();
  for (const group of groups) for (const [state, count] of group.counts) counts.set(state, (counts.get(state) ?? 0) + count);
  return counts;
}

/** How many there are, and how many of them have ended. */
export function countEnded(counts: OpCounts): { ended: number; total: number } {
  let [ended, total] = [0, 0];
  for (const [state, count] of counts) {
    total += count;
    if (hasEnded(state)) ended += count;
  }
  return { ended, total };
}

/** The state that stands for all of them: what is under way, or the worst end. */
export function overallState(counts: OpCounts, over: boolean): OpState {
  const { ended, total } = countEnded(counts);
  if (total === 0) return over ? "notRun" : "waiting";
  if (!over && ended > 0 && ended < total) return "running";
  for (const state of ["running", "again"] as const) if (counts.has(state)) return state;
  return opStates.find((state) => counts.has(state)) ?? "waiting";
}

/** "2 failed, 30 running, 120 success": each state that there is, with its count. */
export function countsText(counts: OpCounts): string {
  return opStates
    .filter((state) => (counts.get(state) ?? 0) > 0)
    .map((state) => `${(counts.get(state) ?? 0).toLocaleString("en")} ${opStateLook(state).label.toLowerCase()}`)
    .join(", ");
}

/** What is done of ops together, from 0 to 1: one that runs counts by its own word. */
export function partDone(groups: readonly OpGroup[]): number | undefined {
  const { ended, total } = countEnded(sumCounts(groups));
  if (total === 0) return undefined;
  let part = ended;
  for (const { instances } of groups) {
    for (const { bar, state } of instances) if (state === "running" && bar?.progress !== undefined) part += progressPart(bar.progress) ?? 0;
  }
  return part / total;
}

/** "1,204 instances", or "not known yet" before the list of items is. */
export function instancesText(group: OpGroup, over: boolean): string {
  if (group.total === 0) return over ? "no instances" : "instances not known yet";
  return plural(group.total, "instance");
}
