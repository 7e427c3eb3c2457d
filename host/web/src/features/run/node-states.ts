import { CircleSlash } from "lucide-react";
import type { GraphModel } from "@/domain/graph/graph-model";
import type { NodeState } from "@/domain/graph/op-graph-box";
import { countEnded, overallState, partDone, sumCounts, type OpGroup } from "@/domain/run/op-groups";
import { opStateLook } from "@/domain/run/op-outcome";
import { progressText } from "@/domain/run/op-progress";
import type { StateLook } from "@/ui/badge";

const leftOut: StateLook = { label: "Not part of this run", tone: "calm", icon: CircleSlash };

/** How the nodes of a drawn graph stand: an op by itself or by all of its instances, a graph by all that is inside. */
export function nodeStates(model: GraphModel, groups: readonly OpGroup[], over: boolean): Map<string, NodeState> {
  const states = new Map<string, NodeState>();
  for (const { path, kind } of model.nodes) {
    if (kind !== "op" && kind !== "graph") continue;
    states.set(path, nodeState(groups.filter((group) => group.path === path || group.path.startsWith(`${path}.`)), over));
  }
  return states;
}

function nodeState(groups: readonly OpGroup[], over: boolean): NodeState {
  if (groups.length === 0) return { look: leftOut, text: leftOut.label, part: undefined };
  const counts = sumCounts(groups);
  const state = overallState(counts, over);
  const look = opStateLook(state);
  const { ended, total } = countEnded(counts);
  const [only] = groups.length === 1 ? (groups[0]?.instances ?? []) : [];
  if (total === 1 && only !== undefined) {
    const progress = state === "running" ? only.bar?.progress : undefined;
    return { look, text: progress === undefined ? look.label : `${look.label}, ${progressText(progress)}`, part: progress === undefined ? undefined : partDone(groups) };
  }
  const failed = state === "failed" ? 0 : (counts.get("failed") ?? 0);
  const parts = [look.label, total > 0 && `${ended.toLocaleString("en")} of ${total.toLocaleString("en")}`, failed > 0 && `${failed.toLocaleString("en")} failed`];
  return { look, text: parts.filter((part) => part !== false).join(", "), part: state === "running" ? partDone(groups) : undefined };
}
