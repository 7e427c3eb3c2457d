import { useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { inertText } from "@/lib/inert-text";
import { useSearchParams } from "@/lib/search";
import { paths, readRunView, type RunView } from "@/domain/paths";
import { allEvents, type EventFilter } from "@/domain/run/event-log";
import { countEnded, sumCounts } from "@/domain/run/op-groups";
import { runStatusData } from "@/domain/run/run-status";
import { useEventLog } from "@/domain/run/use-event-log";
import { RunService, type Run } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Tabs } from "@/ui/page";
import { Callout, Loading } from "@/ui/states";
import { EventList } from "./event-list";
import { FailureDetails } from "./failure-details";
import { OpsPanel } from "./ops-panel";
import { RunPane } from "./run-pane";
import styles from "./run.module.css";
import { useOpGroups } from "./use-op-groups";
import { WaitingNotice } from "./waiting-notice";
import { WhyPanel } from "./why-panel";

const OutputPanel = lazy(() => import("./output-panel").then((module) => ({ default: module.OutputPanel })));
const RepointDialog = lazy(() => import("@/domain/run/repoint-dialog").then((module) => ({ default: module.RepointDialog })));

/** What happens in a run: why it is as it is, its ops, what they said; beside them what it was launched with. */
export function RunBody({ run }: { run: Run }) {
  const { log, view: events, error } = useEventLog(run.id);
  const view = readRunView(useSearchParams());
  const navigate = useNavigate();
  const [levels, setLevels] = useState<Pick<EventFilter, "level" | "text">>(allEvents);
  const [repointing, setRepointing] = useState(false);
  const { level, text } = levels;
  const { op } = view;
  const filter = useMemo(() => ({ level, text, op }), [level, text, op]);
  useEffect(() => { log.setFilter(filter); }, [log, filter]);
  const groups = useOpGroups(run, events);
  const status = runStatusData(run.status);
  const waits = run.status === RunStatus.WAITING_FOR_CODE;
  const reason = inertText(run.statusReason);
  // Asked for by the panel that says why; what it says is not said twice.
  const { data: explained } = useQuery(RunService.method.explainRun, { id: run.id }, { enabled: false });
  const summary = inertText(explained?.summary ?? "");
  // Both begin with what failed, each in its own way.
  const told = run.status === RunStatus.FAILURE && reason !== "" && summary.includes(reason.replace(/^op \S+: /, ""));
  const show = (next: Partial<RunView>) => void navigate({ href: paths.run(run.id, { ...view, ...next }), replace: true, resetScroll: false });
  const choose = (path: string) => { show({ op: path === op ? "" : path }); };
  return (
    <div className={styles.split}>
      <div className={styles.main}>
        {reason !== "" && !told && (
          <Callout tone={status.tone === "bad" ? "bad" : status.tone === "warn" ? "warn" : "info"} title={reason}>
            {status.tone === "bad" && events.failure !== undefined && <FailureDetails row={events.failure} said={reason} />}
            {waits && <WaitingNotice run={run} onRepoint={() => { setRepointing(true); }} />}
          </Callout>
        )}
        {reason === "" && waits && (
          <Callout tone="warn" title="It waits for its code">
            <WaitingNotice run={run} onRepoint={() => { setRepointing(true); }} />
          </Callout>
        )}
        {reason === "" && status.tone === "bad" && events.failure !== undefined && (
          <Callout tone="bad" title={events.failure.message}>
            <FailureDetails row={events.failure} said={events.failure.message} />
          </Callout>
        )}
        <WhyPanel run={run} ended={countEnded(sumCounts(groups)).ended} view={view}>
          {told && events.failure !== undefined && <FailureDetails row={events.failure} said={`${reason} ${summary}`} />}
        </WhyPanel>
        <OpsPanel run={run} log={events} groups={groups} view={view} onChoose={choose} />
        <div>
          <Tabs
            label="What the run said"
            tabs={[
              { label: "Events", href: paths.run(run.id, { ...view, said: "events" }), current: view.said === "events" },
              { label: "stdout and stderr", href: paths.run(run.id, { ...view, said: "output" }), current: view.said === "output" },
            ]}
          />
          {view.said === "output" ? (
            <Suspense fallback={<Loading what="the output" />}>
              <OutputPanel run={run} op={op} ops={groups.map((group) => group.path)} onOp={(path) => { show({ op: path }); }} />
            </Suspense>
          ) : (
            <EventList
              run={run}
              view={events}
              filter={filter}
              error={error}
              onFilter={({ op: path, ...next }) => {
                setLevels({ ...levels, ...next });
                if (path !== undefined) show({ op: path });
              }}
            />
          )}
        </div>
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
