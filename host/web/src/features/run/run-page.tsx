import { useQuery } from "@connectrpc/connect-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { Failure } from "@/domain/host/failure";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { retryDueLook } from "@/domain/run/retry-due";
import { RunStatusBadge } from "@/domain/run/run-status-badge";
import { shortRunId } from "@/domain/run/run-id";
import { RunService, type Run } from "@/gen/penstock/host/v1/run_pb";
import { Badge } from "@/ui/badge";
import { CopyButton } from "@/ui/copy-button";
import { Link } from "@/ui/link";
import { Page } from "@/ui/page";
import { Loading } from "@/ui/states";
import { RunActions } from "./run-actions";
import { RunBody } from "./run-body";

/** One run. */
export function RunPage() {
  const { id = "" } = useParams({ strict: false });
  const { data, error, refetch } = useQuery(RunService.method.getRun, { id });
  const run = data?.run;
  // A beginning of the id finds the run too; its own address is the whole.
  const navigate = useNavigate();
  const whole = run?.id ?? id;
  useEffect(() => {
    if (whole !== id) void navigate({ href: paths.run(whole), replace: true });
  }, [whole, id, navigate]);
  if (run === undefined) {
    return (
      <Page name={`Run ${shortRunId(id)}`} title={`Run ${shortRunId(id)}`}>
        {error === null ? <Loading what="the run" /> : <Failure doing="load this run" error={error} retry={() => void refetch()} />}
      </Page>
    );
  }
  return (
    <Page
      name={`${run.job?.job ?? "Run"} ${shortRunId(run.id)}`}
      above={<Above run={run} />}
      title={
        <>
          {run.job?.job ?? "Run"}
          <span role="status">
            <RunStatusBadge status={run.status} />
            {run.retryDue && <Badge look={retryDueLook} />}
          </span>
        </>
      }
      actions={<RunActions run={run} />}
    >
      {/* A new run is a new log: nothing of the last one may stay. */}
      <RunBody key={run.id} run={run} />
    </Page>
  );
}

function Above({ run }: { run: Run }) {
  return (
    <>
      <Link href={paths.runs()}>Runs</Link> /
      {run.job !== undefined && (
        <Link href={paths.jobRuns(run.job)} title={formatJobName(run.job)}>
          {formatJobName(run.job)}
        </Link>
      )}
      / <code>{run.id}</code>
      <CopyButton text={run.id} label="Copy the run's id" />
    </>
  );
}
