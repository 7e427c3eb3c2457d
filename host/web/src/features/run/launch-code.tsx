import { hex } from "@/lib/bytes";
import { inertText } from "@/lib/inert-text";
import { formatJobName, sameJob } from "@/domain/job/job-name";
import { paths, runsWhere } from "@/domain/paths";
import { fieldTerm } from "@/domain/selector/selector-text";
import { startedElsewhere } from "@/domain/run/run-code";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { Link } from "@/ui/link";
import { Callout } from "@/ui/states";
import { Facts } from "@/ui/table";
import styles from "./run.module.css";

/** The code that a run was launched with, and the code that it was started from when that is another. */
export function LaunchCode({ run }: { run: Run }) {
  const elsewhere = startedElsewhere(run);
  const moved = run.launchedJob !== undefined && !sameJob(run.launchedJob, run.job) ? run.launchedJob : undefined;
  return (
    <>
      <Facts
        facts={[
          ["Launched as", moved === undefined ? undefined : <Link href={paths.job(moved)}>{formatJobName(moved)}</Link>],
          ["Launched from", <Code key="launched" snapshot={run.snapshot} codeVersion={run.codeVersion} />],
          ["Started from", elsewhere ? <Code snapshot={run.startedSnapshot} codeVersion={run.startedCodeVersion} /> : undefined],
        ]}
      />
      {elsewhere && (
        <Callout tone="info">
          <p>{changeText(run)}</p>
          {run.job !== undefined && moved === undefined && run.startedSnapshot !== "" && run.startedSnapshot !== run.snapshot && (
            <Link href={paths.jobHistory(run.job, { from: run.snapshot, to: run.startedSnapshot })}>What changed between them</Link>
          )}
        </Callout>
      )}
    </>
  );
}

function changeText({ definitionDigest, startedDefinitionDigest, snapshot, startedSnapshot }: Run): string {
  const started = hex(startedDefinitionDigest);
  if (started !== "" && started !== hex(definitionDigest)) return "The job changed while the run was in the queue; it ran as the job was when it was started.";
  if (startedSnapshot !== snapshot) return "The job's metadata changed while the run was in the queue; what it runs did not.";
  return "It was started from another build, in which the job is the same.";
}

function Code({ snapshot, codeVersion }: { snapshot: string; codeVersion: string }) {
  return (
    <span className={styles.code}>
      {snapshot !== "" && (
        <span>
          snapshot{" "}
          <Link href={paths.runs(runsWhere(fieldTerm("snapshot", snapshot)))} title="All runs of this snapshot">
            <code>{snapshot}</code>
          </Link>
        </span>
      )}
      {codeVersion === "" ? (
        <span>code version not reported</span>
      ) : (
        <span>
          code version{" "}
          <Link href={paths.runs(runsWhere(fieldTerm("version", codeVersion)))} title="All runs of this code version">
            <code>{inertText(codeVersion)}</code>
          </Link>
        </span>
      )}
    </span>
  );
}
