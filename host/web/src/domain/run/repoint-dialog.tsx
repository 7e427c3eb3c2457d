import { useMutation, useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { CornerUpRight } from "lucide-react";
import { useId, useState } from "react";
import { useDebounced } from "@/lib/debounced";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import type { RepointedRun, RepointRunsResponse } from "@/gen/penstock/host/v1/repoint_pb";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Label, SearchField } from "@/ui/field";
import { Note } from "@/ui/panel";
import { Loading } from "@/ui/states";
import { Failure } from "@/domain/host/failure";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import styles from "./repoint-dialog.module.css";
import { RepointOutcome } from "./repoint-outcome";

const restMs = 200;
const mostJobs = 8;

/** Makes runs of a job that wait for its code runs of another job: says first which fit, and asks. */
export function RepointDialog({ job, ids, onClose }: { job: JobNameText; ids: string[]; onClose: () => void }) {
  const name = formatJobName(job);
  const [to, setTo] = useState("");
  const [stay, setStay] = useState<RepointedRun[]>([]);
  const repoint = useMutation(RunService.method.repointRuns);
  const done = repoint.data;
  const preview = useQuery(RunService.method.repointRuns, { job: name, ids, to, dryRun: true }, { enabled: to !== "" && done === undefined, staleTime: 0, gcTime: 0 });
  const fit = (preview.data?.runs ?? []).filter((run) => run.error === "").map((run) => run.id);
  const ready = to !== "" && !preview.isFetching && fit.length > 0;
  const start = () => {
    if (!ready || repoint.isPending) return;
    setStay((preview.data?.runs ?? []).filter((run) => run.error !== ""));
    repoint.mutate({ job: name, ids: fit, to });
  };
  return (
    <Dialog
      title="Re-point waiting runs"
      opened
      onClose={onClose}
      size="lg"
      footer={
        done !== undefined ? (
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>Leave them as they are</Button>
            <Button look="primary" icon={<CornerUpRight size={14} aria-hidden />} disabled={!ready || repoint.isPending} onClick={start}>
              {repoint.isPending ? "Re-pointing…" : ready ? `Re-point ${plural(fit.length, "run")}` : "Re-point"}
            </Button>
          </>
        )
      }
    >
      <div className={styles.body}>
        {done === undefined && (
          <>
            <p>
              {plural(ids.length, "run")} of <code>{inertText(name)}</code> {ids.length === 1 ? "waits" : "wait"} for code. Where the job was renamed or moved, waiting runs
              can become runs of another job: with the config, tags and op selection that they were launched with, which must fit that job. They keep their ids and
              their place in the queue, and start on that job&apos;s code. Nothing is changed before you confirm.
            </p>
            <TargetField not={name} to={to} onChoose={setTo} />
            {to !== "" && <Preview data={preview.data} error={preview.error} busy={preview.isFetching} onRetry={() => void preview.refetch()} />}
            {repoint.error !== null && <Failure doing="re-point the runs" error={repoint.error} />}
          </>
        )}
        {done !== undefined && <RepointOutcome response={{ ...done, runs: [...done.runs, ...stay] }} done />}
      </div>
    </Dialog>
  );
}

function Preview({ data, error, busy, onRetry }: { data: RepointRunsResponse | undefined; error: unknown; busy: boolean; onRetry: () => void }) {
  if (busy) return <Loading what="which runs fit" />;
  if (error !== null) return <Failure doing="check which runs fit" error={error} retry={onRetry} />;
  return data === undefined ? null : <RepointOutcome response={data} />;
}

function TargetField({ not, to, onChoose }: { not: string; to: string; onChoose: (to: string) => void }) {
  const [text, setText] = useState("");
  const asked = useDebounced(text.trim(), restMs);
  const { data, error, isPending } = useQuery(JobService.method.listJobs, { search: asked, pageSize: mostJobs + 1 }, { placeholderData: keepPreviousData });
  const field = useId();
  const names = (data?.jobs ?? []).map((each) => each.name).filter((name) => name !== undefined).map(formatJobName).filter((name) => name !== not).slice(0, mostJobs);
  // What was chosen stays in sight when another text is looked for.
  const shown = to === "" || names.includes(to) ? names : [to, ...names];
  const found = data?.total ?? 0;
  return (
    <div>
      <Label htmlFor={field}>The job that they become runs of</Label>
      <SearchField id={field} placeholder="Search jobs by name" value={text} data-autofocus onChange={(event) => { setText(event.target.value); }} />
      {error !== null && <Failure doing="list jobs" error={error} />}
      {isPending && <Loading what="jobs" />}
      <fieldset className={styles.targets}>
        <legend className="visually-hidden">Jobs that were found</legend>
        {shown.map((name) => (
          <label key={name} className={styles.target}>
            <input type="radio" name={field} value={name} checked={name === to} onChange={() => { onChoose(name); }} />
            <code>{inertText(name)}</code>
          </label>
        ))}
      </fieldset>
      {data !== undefined && shown.length === 0 && <Note>No other job has that in its name.</Note>}
      {found > mostJobs + 1 && <Note>{plural(found, "job")} found; type more of the name to see the one you mean.</Note>}
    </div>
  );
}
