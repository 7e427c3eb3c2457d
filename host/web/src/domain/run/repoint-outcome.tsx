import { CircleCheck, CircleX } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import type { RepointedRun, RepointRunsResponse } from "@/gen/penstock/host/v1/repoint_pb";
import { Link } from "@/ui/link";
import { Note } from "@/ui/panel";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import styles from "./repoint-dialog.module.css";
import { shortRunId } from "./run-id";

// So many runs are named; the rest is counted.
const mostNamed = 20;

/** What became, or would become, of each run. */
export function RepointOutcome({ response, done = false }: { response: RepointRunsResponse; done?: boolean }) {
  const to = response.to === undefined ? "" : formatJobName(response.to);
  const fit = response.runs.filter((run) => run.error === "");
  const refusals = byError(response.runs);
  return (
    <div role="status" className={styles.outcome}>
      {response.runs.length === 0 && <Note>No run of this job waits any more.</Note>}
      {fit.length > 0 && (
        <div>
          <p className={styles.good}>
            <CircleCheck size={14} aria-hidden />
            <span>
              {done ? `${plural(fit.length, "run")} ${fit.length === 1 ? "is a run" : "are runs"} of ` : `${plural(fit.length, "run")} ${fit.length === 1 ? "fits and becomes a run" : "fit and become runs"} of `}
              <code>{inertText(to)}</code>
            </span>
          </p>
          <RunLinks runs={fit} />
        </div>
      )}
      {refusals.map(([error, runs]) => (
        <div key={error}>
          <p className={styles.bad}>
            <CircleX size={14} aria-hidden />
            <span>
              {plural(runs.length, "run")} {runs.length === 1 ? "stays" : "stay"} as {runs.length === 1 ? "it is" : "they are"}: {inertText(error)}
            </span>
          </p>
          <RunLinks runs={runs} />
        </div>
      ))}
      {response.left > 0 && (
        <Note>
          {plural(response.left, "run")} more {response.left === 1 ? "waits" : "wait"}: re-point again afterwards.
        </Note>
      )}
    </div>
  );
}

function RunLinks({ runs }: { runs: RepointedRun[] }) {
  return (
    <ul className={styles.runs}>
      {runs.slice(0, mostNamed).map(({ id }) => (
        <li key={id}>
          <Link href={paths.run(id)} title={id}>
            <code>{shortRunId(id)}</code>
          </Link>
        </li>
      ))}
      {runs.length > mostNamed && <li>and {runs.length - mostNamed} more</li>}
    </ul>
  );
}

// Many runs stay for the same reason: it is said once.
function byError(runs: readonly RepointedRun[]): [error: string, runs: RepointedRun[]][] {
  const groups = new Map<string, RepointedRun[]>();
  for (const run of runs) if (run.error !== "") groups.set(run.error, [...(groups.get(run.error) ?? []), run]);
  return [...groups];
}
