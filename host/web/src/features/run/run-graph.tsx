import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { GraphCrumbs } from "@/domain/graph/graph-crumbs";
import { graphModel } from "@/domain/graph/graph-model";
import { OpGraph } from "@/domain/graph/op-graph";
import { Failure } from "@/domain/host/failure";
import { paths, type RunView } from "@/domain/paths";
import { templatePath } from "@/domain/run/op-path";
import type { OpGroup } from "@/domain/run/op-groups";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { hex } from "@/lib/bytes";
import { ErrorBoundary } from "@/ui/error-boundary";
import { Empty, Loading } from "@/ui/states";
import { nodeStates } from "./node-states";
import { useRunSnapshot } from "./run-snapshot";
import styles from "./run.module.css";

/** The job's graph as of launch, each node with its state in this run. */
export function RunGraph({ run, groups, over, view, onChoose }: {
  run: Run;
  groups: readonly OpGroup[];
  over: boolean;
  view: RunView;
  onChoose: (op: string) => void;
}) {
  const { data, error, refetch } = useRunSnapshot(run.id);
  const navigate = useNavigate();
  const definition = data?.definition;
  const model = useMemo(() => (definition === undefined ? undefined : graphModel(definition, view.graph)), [definition, view.graph]);
  const states = useMemo(() => (model === undefined ? undefined : nodeStates(model, groups, over)), [model, groups, over]);
  const open = useCallback((graph: string) => void navigate({ href: paths.run(run.id, { ...view, graph }), replace: true, resetScroll: false }), [navigate, run.id, view]);
  if (error !== null && model === undefined) return <div className={styles.padded}><Failure doing="load the job as it was" error={error} retry={() => void refetch()} /></div>;
  if (data === undefined) return <Loading what="the graph" />;
  if (model === undefined || model.nodes.length === 0) return <Empty title="The job's graph is not known" />;
  return (
    <>
      {view.graph !== "" && <GraphCrumbs job={run.job?.job ?? "job"} graph={view.graph} onOpen={open} />}
      <div className={styles.canvas}>
        <ErrorBoundary what="The graph">
          <OpGraph model={model} layoutKey={`${hex(run.definitionDigest)} ${view.graph}`} selected={templatePath(view.op)} states={states} onSelect={onChoose} onOpen={open} />
        </ErrorBoundary>
      </div>
    </>
  );
}
