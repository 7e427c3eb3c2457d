import { useMemo } from "react";
import { mapDepths } from "@/domain/graph/graph-model";
import type { EventLogView } from "@/domain/run/event-log";
import { opGroups, type OpGroup } from "@/domain/run/op-groups";
import { runStatusData } from "@/domain/run/run-status";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { useRunSnapshot } from "./run-snapshot";

const noMaps = () => 0;

/** The run's ops with their instances, as its events tell of them. */
export function useOpGroups({ id, status, opPaths }: Run, { bars, expansions }: EventLogView): OpGroup[] {
  const over = runStatusData(status).final;
  const definition = useRunSnapshot(id).data?.definition;
  const depthOf = useMemo(() => (definition === undefined ? noMaps : mapDepths(definition)), [definition]);
  // The run comes anew with each change of it; its ops stay the same.
  const executed = useSame(opPaths);
  return useMemo(() => opGroups({ opPaths: executed, bars, expansions, over, depthOf }), [executed, bars, expansions, over, depthOf]);
}

function useSame(list: readonly string[]): readonly string[] {
  const text = list.join("\n");
  return useMemo(() => (text === "" ? [] : text.split("\n")), [text]);
}
