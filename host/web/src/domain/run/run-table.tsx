import { RotateCw } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { useValue } from "@/lib/value-store";
import { Badge } from "@/ui/badge";
import { RowCheckbox } from "@/ui/field";
import { Link } from "@/ui/link";
import { Ago, Elapsed } from "@/ui/time";
import { formatJobName } from "@/domain/job/job-name";
import type { Picked } from "@/domain/bulk/picked";
import { paths, type RunsView } from "@/domain/paths";
import { lineageOf, lineageTags } from "./lineage";
import { retryDueLook } from "./retry-due";
import { RunCode } from "./run-code";
import { parentColumn } from "./run-columns";
import { shortRunId } from "./run-id";
import { RunStatusBadge } from "./run-status-badge";
import styles from "./run-table.module.css";
import { RunTags } from "./run-tags";
import { userFirst } from "./tag";
import { WaitingTime } from "./waiting-time";

/** Runs as rows; a tag's chip adds it to the filter. */
export function RunTable({ runs, view, hrefOf, withJob, picked }: {
  runs: Run[];
  view: RunsView;
  hrefOf: (view: RunsView) => string;
  withJob: boolean;
  picked: Picked;
}) {
  const withParent = useValue(parentColumn);
  const page = runs.map((run) => run.id);
  const here = page.filter((id) => picked.all || picked.ids.has(id)).length;
  return (
    <table className={styles.table} aria-label="Runs">
      <thead>
        <tr>
          <th scope="col" className={styles.pick}>
            <RowCheckbox
              label="Select all runs on this page"
              checked={here === page.length}
              mixed={here > 0 && here < page.length}
              onChange={(on) => { picked.togglePage(page, on); }}
            />
          </th>
          <th scope="col">Status</th>
          <th scope="col">Run</th>
          {withParent && <th scope="col">Parent</th>}
          <th scope="col">{withJob ? "Job and tags" : "Tags"}</th>
          <th scope="col">Code and snapshot</th>
          <th scope="col">Created</th>
          <th scope="col">Duration</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow key={run.id} run={run} view={view} hrefOf={hrefOf} withJob={withJob} withParent={withParent} picked={picked} page={page} />
        ))}
      </tbody>
    </table>
  );
}

// Every run carries these, and its job's name and the column of its code say the same.
const said = new Set(["penstock/location", "penstock/repository", "penstock/job", "penstock/code_version"]);

function RunRow({ run, view, hrefOf, withJob, withParent, picked, page }: {
  run: Run;
  view: RunsView;
  hrefOf: (view: RunsView) => string;
  withJob: boolean;
  withParent: boolean;
  picked: Picked;
  page: readonly string[];
}) {
  const created = instantMs(run.createdAt);
  const lineage = lineageOf(run);
  const tags = userFirst(run.tags.filter((tag) => !said.has(tag.key) && !(lineage !== undefined && lineageTags.has(tag.key))));
  const isPicked = picked.all || picked.ids.has(run.id);
  return (
    <tr className={isPicked ? styles.picked : undefined}>
      <td className={styles.pick}>
        <RowCheckbox label={`Select run ${shortRunId(run.id)}`} checked={isPicked} onChange={(on, shift) => { picked.toggle(run.id, on, shift, page); }} />
      </td>
      <td className={styles.status}>
        <RunStatusBadge status={run.status} />
      </td>
      <td className={styles.id}>
        <Link href={paths.run(run.id)} title={run.id}>
          <code>{shortRunId(run.id)}</code>
        </Link>
      </td>
      {withParent && (
        <td className={styles.id}>
          {lineage !== undefined && (
            <Link href={paths.run(lineage.parent)} title={`${lineage.label} of ${lineage.parent}`}>
              <code>{shortRunId(lineage.parent)}</code>
            </Link>
          )}
        </td>
      )}
      <td className={styles.job}>
        {withJob && run.job !== undefined && (
          <Link href={paths.jobRuns(run.job)} title={formatJobName(run.job)} className={styles.jobName}>
            {run.job.job}
            <span className={styles.place}>
              {run.job.location} / {run.job.repository}
            </span>
          </Link>
        )}
        {(lineage !== undefined || run.retryDue) && (
          <p className={styles.lineage}>
            {lineage !== undefined && (
              <span className={styles.again}>
                <RotateCw size={12} aria-hidden /> {lineage.label}
                {!withParent && (
                  <>
                    {" of "}
                    <Link href={paths.run(lineage.parent)} title={lineage.parent}>
                      <code>{shortRunId(lineage.parent)}</code>
                    </Link>
                  </>
                )}
              </span>
            )}
            {run.retryDue && <Badge look={retryDueLook} />}
          </p>
        )}
        {run.statusReason !== "" && <p className={styles.reason}>{inertText(run.statusReason)}</p>}
        {run.status === RunStatus.WAITING_FOR_CODE && (
          <p className={styles.reason}>
            <WaitingTime run={run} />
          </p>
        )}
        <RunTags tags={tags} view={view} hrefOf={hrefOf} />
      </td>
      <td className={styles.code}>
        <RunCode run={run} view={view} hrefOf={hrefOf} />
      </td>
      <td className={styles.time}>{created !== undefined && <Ago ms={created} />}</td>
      <td className={styles.time}>
        <Duration run={run} />
      </td>
    </tr>
  );
}

function Duration({ run }: { run: Run }) {
  const started = instantMs(run.startedAt);
  if (started === undefined) return <span title="Its code has not been started">–</span>;
  return <Elapsed from={started} to={instantMs(run.endedAt)} />;
}
