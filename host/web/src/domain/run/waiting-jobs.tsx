import { CornerUpRight } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Button } from "@/ui/button";
import { Link } from "@/ui/link";
import { Callout } from "@/ui/states";
import { Elapsed } from "@/ui/time";
import { formatJobName, sameJob, type JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { fieldTerm } from "@/domain/selector/selector-text";
import styles from "./waiting-jobs.module.css";
import { waitingJobs, type WaitingJob, type WaitingRuns } from "./waiting-runs";

const RepointDialog = lazy(() => import("./repoint-dialog").then((module) => ({ default: module.RepointDialog })));

// So many reasons are worth reading at a glance.
const mostReasons = 2;

/** Runs that wait for their code, by job, with what can be done; nothing when none waits. */
export function WaitingJobs({ waiting, location, job }: {
  waiting: WaitingRuns;
  /** Only those of this location. */
  location?: string;
  /** Only those of this job. */
  job?: JobNameText;
}) {
  const [repointing, setRepointing] = useState<WaitingJob>();
  const meant = waiting.runs.filter((run) => (location ?? run.job?.location) === run.job?.location && (job === undefined || sameJob(job, run.job)));
  // The dialog stays while it shows what became of the runs: none of them waits any more then.
  if (meant.length === 0 && repointing === undefined) return null;
  const entries = waitingJobs(meant);
  const count = waiting.more ? `More than ${plural(meant.length, "run")}` : plural(meant.length, "run");
  const many = meant.length !== 1 || waiting.more;
  return (
    <div className={styles.box}>
      {entries.length > 0 && (
        <Callout tone="warn" title={`${count} ${many ? "wait" : "waits"} for code`}>
          <ul className={styles.jobs}>
            {entries.map((entry) => (
              <JobLine key={formatJobName(entry.job)} entry={entry} onRepoint={() => { setRepointing(entry); }} />
            ))}
          </ul>
        </Callout>
      )}
      {repointing !== undefined && (
        <Suspense>
          <RepointDialog job={repointing.job} ids={repointing.ids} onClose={() => { setRepointing(undefined); }} />
        </Suspense>
      )}
    </div>
  );
}

function JobLine({ entry: { job, ids, reasons, sinceMs }, onRepoint }: { entry: WaitingJob; onRepoint: () => void }) {
  const runs = plural(ids.length, "run");
  return (
    <li className={styles.job}>
      <div className={styles.line}>
        <Link href={paths.runs({ where: fieldTerm("job", formatJobName(job)), statuses: [RunStatus.WAITING_FOR_CODE] })}>
          {runs} of {formatJobName(job)}
        </Link>
        {sinceMs !== undefined && (
          <span className={styles.since}>
            for <Elapsed from={sinceMs} />
          </span>
        )}
        <Button small icon={<CornerUpRight size={12} aria-hidden />} aria-label={`Re-point ${runs} of ${formatJobName(job)}`} onClick={onRepoint}>
          Re-point {runs}…
        </Button>
      </div>
      {reasons.slice(0, mostReasons).map((reason) => (
        <p key={reason} className={styles.reason}>
          {inertText(reason)}
        </p>
      ))}
    </li>
  );
}
