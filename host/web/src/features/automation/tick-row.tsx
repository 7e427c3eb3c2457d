import { tickStatusData } from "@/domain/automation/tick-status";
import { zoneOf } from "@/domain/automation/next-tick";
import { paths } from "@/domain/paths";
import { shortRunId } from "@/domain/run/run-id";
import { RunStatusBadge } from "@/domain/run/run-status-badge";
import type { Tick, TickRun } from "@/gen/penstock/host/v1/automation_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { formatDuration } from "@/lib/duration";
import { inertText } from "@/lib/inert-text";
import { formatLocal, instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { formatWall } from "@/lib/wall-clock";
import { Badge } from "@/ui/badge";
import { Link } from "@/ui/link";
import { CodeBlock } from "@/ui/table";
import { Instant } from "@/ui/time";
import styles from "./automation-page.module.css";

const mostRuns = 5;

/** A tick: how it went, why, and the runs that it made. */
export function TickRow({ tick, zone }: { tick: Tick; zone: string }) {
  const at = instantMs(tick.at);
  const { duration } = tick;
  return (
    <tr>
      <td className={styles.time}>
        <Badge look={tickStatusData(tick.status)} />
      </td>
      <td className={styles.time}>
        {at !== undefined && (
          <span title={formatWall(at, zoneOf(zone))}>
            <Instant ms={at} />
          </span>
        )}
        <Repeats tick={tick} />
        {tick.late && <p className={styles.aside}>late: made up for after its time</p>}
      </td>
      <td className={styles.said}>
        <Outcome tick={tick} />
      </td>
      <td>
        <Runs runs={tick.runs} />
      </td>
      <td className={styles.time}>{duration === undefined ? "" : formatDuration(Number(duration.seconds) * 1000 + duration.nanos / 1e6)}</td>
    </tr>
  );
}

// Evaluations in a row that all skipped for the same reason, or made no run for the same run keys, are one tick.
function Repeats({ tick: { count, lastAt } }: { tick: Tick }) {
  const last = instantMs(lastAt);
  if (count < 2) return null;
  return (
    <p className={styles.aside}>
      ×{count.toLocaleString("en")}
      {last !== undefined && ` until ${formatLocal(last)}`}
    </p>
  );
}

function Outcome({ tick }: { tick: Tick }) {
  const { skipReason, error, knownRunKeyCount, knownRunKeys, logLines, runs } = tick;
  return (
    <div className={styles.runs}>
      {error !== "" && <p className={styles.bad}>{inertText(error)}</p>}
      {skipReason !== "" && <p>{inertText(skipReason)}</p>}
      {runs.length > 0 && <p>{plural(runs.length, "run")} made</p>}
      {knownRunKeyCount > 0 && (
        <p className={styles.aside} title={knownRunKeys.join("\n")}>
          {plural(knownRunKeyCount, "run key was", "run keys were")} used before: no run again
        </p>
      )}
      {logLines.length > 0 && (
        <details>
          <summary>{plural(logLines.length, "log line")}</summary>
          <CodeBlock wrap label="What it logged" text={logLines.map(inertText).join("\n")} />
        </details>
      )}
    </div>
  );
}

function Runs({ runs }: { runs: readonly TickRun[] }) {
  if (runs.length === 0) return null;
  return (
    <div className={styles.runs}>
      <RunItems runs={runs.slice(0, mostRuns)} />
      {runs.length > mostRuns && (
        <details>
          <summary>{plural(runs.length - mostRuns, "more run")}</summary>
          <RunItems runs={runs.slice(mostRuns)} />
        </details>
      )}
    </div>
  );
}

function RunItems({ runs }: { runs: readonly TickRun[] }) {
  return (
    <ul className={styles.list}>
      {runs.map(({ runId, runKey, partition, status }) => (
        <li key={runId}>
          {status === RunStatus.UNSPECIFIED ? (
            <span title={runId}>
              <code>{shortRunId(runId)}</code> was deleted
            </span>
          ) : (
            <>
              <Link href={paths.run(runId)} title={runId}>
                <code>{shortRunId(runId)}</code>
              </Link>
              <RunStatusBadge status={status} />
            </>
          )}
          {partition !== "" && <span className={styles.aside}>{inertText(partition)}</span>}
          {runKey !== "" && <span className={styles.aside}>key {inertText(runKey)}</span>}
        </li>
      ))}
    </ul>
  );
}
