import { useQuery } from "@connectrpc/connect-query";
import { CircleCheck, CircleX, Info, LoaderCircle, OctagonAlert } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { Failure } from "@/domain/host/failure";
import { isOlderHost } from "@/domain/host/host-error";
import { paths, type RunView } from "@/domain/paths";
import { shortRunId } from "@/domain/run/run-id";
import { runStatusData } from "@/domain/run/run-status";
import { RunService, type ExplainRunResponse_Reason, type Run } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Badge, type StateLook } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Link } from "@/ui/link";
import { Note, Panel } from "@/ui/panel";
import { Loading } from "@/ui/states";
import { Instant } from "@/ui/time";
import styles from "./why-panel.module.css";

// Much that holds a run changes without a word of the run's own: others in the queue, a location, time that passes.
const restMs = 5_000;

/** Why a run is not further, or why it failed, rule by rule. A run that ended well needs no reason. */
export function WhyPanel({ run, ended, view, children }: {
  run: Run;
  /** Ops that have ended: when that changes, what is said may, too. */
  ended: number;
  view: RunView;
  /** More about the cause, where nothing else says it. */
  children?: ReactNode;
}) {
  const { final, inProgress } = runStatusData(run.status);
  // Where nothing happens the reasons are what one came for; otherwise what happens stands below.
  const [open, setOpen] = useState<boolean>();
  const shown = open ?? (!final && (!inProgress || run.status === RunStatus.STARTING));
  const wanted = !final || run.status === RunStatus.FAILURE;
  const { data, error, refetch } = useQuery(RunService.method.explainRun, { id: run.id }, {
    enabled: wanted,
    retry: false,
    refetchInterval: (query) => ((final && !run.retryDue) || isOlderHost(query.state.error) ? false : restMs),
  });
  const older = isOlderHost(error);
  const moment = `${run.status} ${run.statusReason} ${run.attempt} ${run.retryDue} ${ended}`;
  useEffect(() => {
    if (wanted && !older) void refetch();
  }, [moment, wanted, older, refetch]);
  if (!wanted) return null;
  return (
    <Panel title={titleOf(run.status)} padded={false}>
      {data === undefined && error === null && <Loading what="the reasons" />}
      {older && (
        <div className={styles.body}>
          <Note>This host is older than this page and does not say why. What it does say of the run is above.</Note>
        </div>
      )}
      {!older && error !== null && (
        <div className={styles.body}>
          <Failure doing="ask why" error={error} retry={() => void refetch()} />
        </div>
      )}
      {data !== undefined && !older && (
        <>
          <div className={styles.summary}>
            <p role="status">{inertText(data.summary)}</p>
            {data.reasons.length > 0 && (
              <Button small aria-expanded={shown} onClick={() => { setOpen(!shown); }}>
                {shown ? "Hide the reasons" : `Show ${plural(data.reasons.length, "reason")}`}
              </Button>
            )}
          </div>
          {children !== undefined && <div className={styles.details}>{children}</div>}
          {data.reasons.length > 0 && shown && (
            <ul className={styles.reasons} aria-label="Reasons">
              {data.reasons.map((reason, index) => (
                <ReasonLine key={`${reason.code} ${reason.opPath} ${index}`} reason={reason} first={index === 0} run={run} view={view} />
              ))}
            </ul>
          )}
        </>
      )}
    </Panel>
  );
}

function titleOf(status: RunStatus): string {
  switch (status) {
    case RunStatus.QUEUED:
    case RunStatus.WAITING_FOR_CODE:
    case RunStatus.STARTING:
      return "Why is it not running?";
    case RunStatus.FAILURE:
      return "Why did it fail?";
    default:
      return "Why is it not finished?";
  }
}

const holds: StateLook = { label: "Holds it", tone: "warn", icon: OctagonAlert };
const underWay: StateLook = { label: "Under way", tone: "busy", icon: LoaderCircle };
const met: StateLook = { label: "Met", tone: "good", icon: CircleCheck };
const cause: StateLook = { label: "Cause", tone: "bad", icon: OctagonAlert };
const opFailed: StateLook = { label: "Op failed", tone: "bad", icon: CircleX };
const also: StateLook = { label: "Also", tone: "calm", icon: Info };

// What a rule means for the run: before it starts it holds it or is met, later it may just be so.
function lookOf(reason: ExplainRunResponse_Reason, first: boolean, status: RunStatus): StateLook {
  if (status === RunStatus.FAILURE) return reason.opPath !== "" ? opFailed : first || reason.blocks ? cause : also;
  const runs = status === RunStatus.STARTED || status === RunStatus.CANCELING;
  if (reason.blocks) return runs && reason.opPath !== "" ? underWay : holds;
  return runs ? also : met;
}

function ReasonLine({ reason, first, run, view }: { reason: ExplainRunResponse_Reason; first: boolean; run: Run; view: RunView }) {
  const since = instantMs(reason.since);
  const until = instantMs(reason.until);
  const look = lookOf(reason, first, run.status);
  return (
    <li className={styles.reason}>
      <span className={styles.mark}>
        <Badge look={look} />
      </span>
      <div className={styles.words}>
        <p className={look === met ? styles.met : undefined}>{inertText(reason.message)}</p>
        {reason.remedy !== "" && <p className={styles.remedy}>{inertText(reason.remedy)}</p>}
        {(since !== undefined || until !== undefined) && (
          <p className={styles.time}>
            {since !== undefined && (
              <>
                since <Instant ms={since} />
              </>
            )}
            {since !== undefined && until !== undefined && "; "}
            {until !== undefined && (
              <>
                until <Instant ms={until} />
              </>
            )}
          </p>
        )}
        {(reason.opPath !== "" || reason.runIds.length > 0) && (
          <p className={styles.links}>
            {reason.opPath !== "" && (
              <Link href={paths.run(run.id, { ...view, op: reason.opPath })}>
                Events of <code>{reason.opPath}</code>
              </Link>
            )}
            {reason.runIds.map((id) => (
              <Link key={id} href={paths.run(id)} title={id}>
                Run <code>{shortRunId(id)}</code>
              </Link>
            ))}
          </p>
        )}
      </div>
      <code className={styles.code}>{reason.code}</code>
    </li>
  );
}
