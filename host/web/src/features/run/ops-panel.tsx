import { lazy, Suspense } from "react";
import { paths, type RunView } from "@/domain/paths";
import type { EventLogView } from "@/domain/run/event-log";
import { countEnded, sumCounts, type OpGroup } from "@/domain/run/op-groups";
import { runStatusData } from "@/domain/run/run-status";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { plural } from "@/lib/plural";
import { Panel } from "@/ui/panel";
import { Segments } from "@/ui/segments";
import { Loading } from "@/ui/states";
import { Gantt } from "./gantt";
import styles from "./gantt.module.css";

const RunGraph = lazy(() => import("./run-graph").then((module) => ({ default: module.RunGraph })));

/** The run's ops and how they stand: over time, or as the graph that they are. */
export function OpsPanel({ run, log, groups, view, onChoose }: {
  run: Run;
  log: EventLogView;
  groups: readonly OpGroup[];
  view: RunView;
  onChoose: (op: string) => void;
}) {
  const over = runStatusData(run.status).final;
  const { ended, total } = countEnded(sumCounts(groups));
  // Before its instances are known, a mapped op is one that has not ended.
  const unknown = over ? 0 : groups.filter((group) => group.mapped && group.total === 0).length;
  return (
    <Panel
      title="Ops"
      padded={false}
      actions={
        <>
          <span className={styles.count}>
            {ended.toLocaleString("en")} of {plural(total + unknown, "op")} ended
          </span>
          <Segments
            label="How ops are shown"
            segments={[
              { label: "Timeline", href: paths.run(run.id, { ...view, ops: "timeline" }), current: view.ops === "timeline" },
              { label: "Graph", href: paths.run(run.id, { ...view, ops: "graph" }), current: view.ops === "graph" },
            ]}
          />
        </>
      }
    >
      {view.ops === "graph" ? (
        <Suspense fallback={<Loading what="the graph" />}>
          <RunGraph run={run} groups={groups} over={over} view={view} onChoose={onChoose} />
        </Suspense>
      ) : (
        <Gantt groups={groups} view={log} over={over} chosen={view.op} onChoose={onChoose} />
      )}
    </Panel>
  );
}
