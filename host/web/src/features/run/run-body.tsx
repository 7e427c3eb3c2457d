import { lazy, Suspense, useState } from "react";
import { inertText } from "@/lib/inert-text";
import { allEvents, type EventFilter } from "@/domain/run/event-log";
import { runStatusData } from "@/domain/run/run-status";
import { useEventLog } from "@/domain/run/use-event-log";
import { RunStatus, type Run } from "@/gen/penstock/host/v1/run_pb";
import { Callout } from "@/ui/states";
import { EventList } from "./event-list";
import { FailureDetails } from "./failure-details";
import { Gantt } from "./gantt";
import { RunPane } from "./run-pane";
import styles from "./run.module.css";
import { WaitingNotice } from "./waiting-notice";

const RepointDialog = lazy(() => import("@/domain/run/repoint-dialog").then((module) => ({ default: module.RepointDialog })));

/** What happens in a run: why it is as it is, its ops over time, its events; beside them what it was launched with. */
export function RunBody({ run }: { run: Run }) {
  const { log, view, error } = useEventLog(run.id);
  const [filter, setFilter] = useState<EventFilter>(allEvents);
  const [repointing, setRepointing] = useState(false);
  const status = runStatusData(run.status);
  const waits = run.status === RunStatus.WAITING_FOR_CODE;
  const reason = inertText(run.statusReason);
  const change = (next: Partial<EventFilter>) => {
    const changed = { ...filter, ...next };
    setFilter(changed);
    log.setFilter(changed);
  };
  return (
    <div className={styles.split}>
      <div className={styles.main}>
        {reason !== "" && (
          <Callout tone={status.tone === "bad" ? "bad" : status.tone === "warn" ? "warn" : "info"} title={reason}>
            {status.tone === "bad" && view.failure !== undefined && <FailureDetails row={view.failure} said={reason} />}
            {waits && <WaitingNotice run={run} onRepoint={() => { setRepointing(true); }} />}
          </Callout>
        )}
        {reason === "" && waits && (
          <Callout tone="warn" title="It waits for its code">
            <WaitingNotice run={run} onRepoint={() => { setRepointing(true); }} />
          </Callout>
        )}
        {reason === "" && status.tone === "bad" && view.failure !== undefined && (
          <Callout tone="bad" title={view.failure.message}>
            <FailureDetails row={view.failure} said={view.failure.message} />
          </Callout>
        )}
        <Gantt run={run} view={view} chosen={filter.op} onChoose={(op) => { change({ op: op === filter.op ? "" : op }); }} />
        <EventList run={run} view={view} filter={filter} error={error} onFilter={change} />
      </div>
      <RunPane run={run} />
      {/* Not where it is opened: the run waits no more when it says what became of it. */}
      {repointing && run.job !== undefined && (
        <Suspense>
          <RepointDialog job={run.job} ids={[run.id]} onClose={() => { setRepointing(false); }} />
        </Suspense>
      )}
    </div>
  );
}
