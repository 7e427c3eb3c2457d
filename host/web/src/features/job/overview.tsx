import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useJob, useJobParams } from "@/domain/job/use-job";
import { paths, readJobView, type JobView } from "@/domain/paths";
import type { Job } from "@/gen/penstock/host/v1/job_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { allNodes } from "@/domain/graph/graph-model";
import { hex } from "@/lib/bytes";
import { useSearchParams } from "@/lib/search";
import { GraphPanel } from "./graph-panel";
import { JobPane } from "./job-pane";
import { NodePane } from "./node-pane";
import styles from "./overview.module.css";

/** A job's graph, and beside it what is known of the job or of the op that is chosen. */
export function Overview() {
  const { data } = useJob(useJobParams());
  const job = data?.job;
  if (job?.definition === undefined) return null;
  return <OverviewOf job={job} definition={job.definition} />;
}

function OverviewOf({ job, definition }: { job: Job; definition: JobDefinition }) {
  const name = useJobParams();
  const view = readJobView(useSearchParams());
  const navigate = useNavigate();
  const show = (next: Partial<JobView>) => void navigate({ href: paths.job(name, { ...view, ...next }), replace: true, resetScroll: false });
  const nodes = useMemo(() => allNodes(definition), [definition]);
  const chosen = nodes.find((node) => node.path === view.node);
  return (
    <div className={styles.split}>
      <GraphPanel name={name} definition={definition} digest={hex(job.definitionDigest)} nodes={nodes} view={view} show={show} />
      <div className={styles.pane}>
        {chosen === undefined ? (
          <JobPane job={job} definition={definition} nodes={nodes} />
        ) : (
          <NodePane placed={chosen} definition={definition} name={name} onClose={() => { show({ node: "" }); }} onOpen={() => { show({ graph: chosen.path, node: "" }); }} />
        )}
      </div>
    </div>
  );
}
