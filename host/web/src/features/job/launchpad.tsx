import { useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useState } from "react";
import { Failure } from "@/domain/host/failure";
import { useJob, useJobParams } from "@/domain/job/use-job";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import type { Job } from "@/gen/penstock/host/v1/job_pb";
import { reexecutingByName } from "@/domain/run/reexecution";
import { RunService, type ReexecutionStrategy, type Run } from "@/gen/penstock/host/v1/run_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { hex } from "@/lib/bytes";
import { useSearchParams } from "@/lib/search";
import { Button } from "@/ui/button";
import { Callout, Loading } from "@/ui/states";
import { definitionChanges } from "./definition-changes";
import { draftOf, isEmptyDraft, loadDraft, loadParentDraft, saveDraft, type Draft } from "./draft";
import { LaunchForm } from "./launch-form";
import styles from "./launchpad.module.css";
import { ParentNotice } from "./parent-notice";

/** Prepares a run of the job and launches it; with a run in the address, prepares to execute that again. */
export function LaunchpadTab() {
  const name = useJobParams();
  const { data } = useJob(name);
  const job = data?.job;
  const parent = useSearchParams().reexecute?.[0] ?? "";
  if (job?.definition === undefined) return null;
  if (parent !== "") return <Relaunchpad key={`${formatJobName(name)} ${parent}`} job={job} definition={job.definition} parent={parent} />;
  return <Launchpad key={formatJobName(name)} job={job} definition={job.definition} first={() => loadDraft(name)} />;
}

function Relaunchpad({ job, definition, parent }: { job: Job; definition: JobDefinition; parent: string }) {
  const name = useJobParams();
  const { data, error, refetch } = useQuery(RunService.method.getRun, { id: parent });
  const [again, setAgain] = useState(0);
  const run = data?.run;
  if (run === undefined) return error === null ? <Loading what="the run" /> : <Failure doing="load the run that is to be executed again" error={error} retry={() => void refetch()} />;
  const reset = () => {
    saveDraft(name, draftOf(run));
    setAgain(again + 1);
  };
  return <Launchpad key={again} job={job} definition={definition} parent={run} first={() => loadParentDraft(name, run.id) ?? draftOf(run)} onReset={reset} />;
}

function Launchpad({ job, definition, parent, first, onReset }: {
  job: Job;
  definition: JobDefinition;
  /** The run that is executed again. */
  parent?: Run;
  /** The draft to begin with. */
  first: () => Draft;
  onReset?: () => void;
}) {
  const name = useJobParams();
  const digest = hex(job.definitionDigest);
  const [draft, setDraft] = useState(first);
  const keep = (changed: Draft) => {
    setDraft(changed);
    saveDraft(name, changed);
  };
  const change = (next: Partial<Draft>) => { keep({ ...draft, ...next, digest: draft.digest === "" ? digest : draft.digest }); };
  useOpsOfAddress((ops, partition) => { change({ ...(ops === "" ? {} : { ops }), ...(partition === "" ? {} : { partition }) }); });
  useStrategyOfAddress(parent, (strategy) => {
    if (draft.parent !== undefined) change({ parent: { ...draft.parent, strategy } });
  });
  const [seen, setSeen] = useState(definition);
  const outdated = draft.digest !== "" && draft.digest !== digest && !isEmptyDraft(draft);
  const acknowledge = () => {
    setSeen(definition);
    keep({ ...draft, digest });
  };
  return (
    <div className={styles.page}>
      {parent !== undefined && <ParentNotice run={parent} name={name} changed={draft.digest !== ""} onReset={() => onReset?.()} />}
      {outdated && (
        <Callout tone="warn" title="The job's definition changed since you began" live>
          <p>Your text, tags and op selection are kept; they are checked against the new definition.</p>
          <ul>
            {definitionChanges(seen, definition).map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
          <div>
            <Button small onClick={acknowledge}>Continue with the new definition</Button>
          </div>
        </Callout>
      )}
      <LaunchForm job={job} definition={definition} name={name} draft={draft} parent={parent} onChange={change} />
    </div>
  );
}

// A link may bring an op selection and a partition. They become part of the draft, and leave the address.
function useOpsOfAddress(onOps: (ops: string, partition: string) => void): void {
  const name = useJobParams();
  const search = useSearchParams();
  const ops = search.ops?.[0] ?? "";
  const partition = search.partition?.[0] ?? "";
  const navigate = useNavigate();
  const take = useEffectEvent(() => {
    onOps(ops, partition);
    void navigate({ href: paths.launchpad(name), replace: true });
  });
  useEffect(() => {
    if (ops !== "" || partition !== "") take();
  }, [ops, partition]);
}

// A link may say which ops of a run are executed again. That is taken like an op selection; the run stays in the address.
function useStrategyOfAddress(parent: Run | undefined, onStrategy: (strategy: ReexecutionStrategy) => void): void {
  const name = useJobParams();
  const again = useSearchParams().again?.[0] ?? "";
  const navigate = useNavigate();
  const take = useEffectEvent(() => {
    if (parent === undefined) return;
    const strategy = reexecutingByName(again);
    if (strategy !== undefined) onStrategy(strategy);
    void navigate({ href: paths.reexecute(name, parent.id), replace: true });
  });
  useEffect(() => {
    if (again !== "") take();
  }, [again]);
}
