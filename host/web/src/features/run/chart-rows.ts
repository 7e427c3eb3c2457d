import type { OpGroup, OpInstance } from "@/domain/run/op-groups";
import type { OpState } from "@/domain/run/op-outcome";

/** Which instances of a mapped op are listed. */
export interface InstanceFilter {
  /** In the path, whatever the case; empty for all. */
  text: string;
  /** Undefined for all states. */
  state: OpState | undefined;
}

/** All instances. */
export const allInstances: InstanceFilter = { text: "", state: undefined };

/** What is open of the chart: mapped ops by their path, each with its filter. */
export type OpenGroups = ReadonlyMap<string, InstanceFilter>;

/** A line of the chart of ops. */
export type ChartRow =
  | { kind: "op"; key: string; instance: OpInstance; inside: boolean }
  | { kind: "group"; key: string; group: OpGroup; open: boolean }
  | { kind: "filter"; key: string; group: OpGroup; filter: InstanceFilter; found: number };

/** The lines of the chart: each op, and below a mapped one that is open its instances as the filter lets them through. */
export function chartRows(groups: readonly OpGroup[], open: OpenGroups): ChartRow[] {
  const rows: ChartRow[] = [];
  for (const group of groups) {
    const [only] = group.instances;
    // One that was skipped as a whole has no instances.
    if (only !== undefined && group.instances.length === 1 && only.path === group.path) {
      rows.push({ kind: "op", key: group.path, instance: only, inside: false });
      continue;
    }
    const filter = open.get(group.path);
    rows.push({ kind: "group", key: group.path, group, open: filter !== undefined });
    if (filter === undefined) continue;
    const found = group.instances.filter((instance) => lets(filter, instance));
    rows.push({ kind: "filter", key: `${group.path} filter`, group, filter, found: found.length });
    for (const instance of found) rows.push({ kind: "op", key: instance.path, instance, inside: true });
  }
  return rows;
}

function lets({ text, state }: InstanceFilter, instance: OpInstance): boolean {
  return (state === undefined || instance.state === state) && (text === "" || instance.path.toLowerCase().includes(text.toLowerCase()));
}

const lineHeight = 24;
const secondLine = 18;
const filterHeight = 40;

/** How high a line is, in pixels: known before it is rendered. */
export function rowHeight(row: ChartRow): number {
  switch (row.kind) {
    case "op":
      return showsProgress(row.instance) ? lineHeight + secondLine : lineHeight;
    case "group":
      return lineHeight + secondLine;
    case "filter":
      return filterHeight;
  }
}

/** Whether how far an op is, or came, is worth a line: of one that ended well it is not. */
export function showsProgress({ bar, state }: OpInstance): boolean {
  return bar?.progress !== undefined && state !== "success" && state !== "reused";
}
