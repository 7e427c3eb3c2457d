import { RotateCw } from "lucide-react";
import { useRef, useState } from "react";
import { Failure } from "@/domain/host/failure";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { ExecutedOps, LaunchParts } from "@/domain/run/launch-parts";
import { reexecutingData } from "@/domain/run/reexecution";
import { useLaunch, usePreview, type Launch } from "@/domain/run/use-launch";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { ReexecutionStrategy, type PreviewRunResponse, type Run } from "@/gen/penstock/host/v1/run_pb";
import { plural } from "@/lib/plural";
import { fieldRange } from "@/lib/text-place";
import { Button, TextButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Label, TextField } from "@/ui/field";
import { Kbd } from "@/ui/kbd";
import { ButtonLink } from "@/ui/link";
import { Note } from "@/ui/panel";
import { useShortcut } from "@/ui/shortcut";
import { Callout, Loading } from "@/ui/states";
import { Facts } from "@/ui/table";
import styles from "./reexecute.module.css";

const none = new Uint8Array();

/** Says what executing a run again would do, and does it. */
export function ReexecuteDialog({ run, strategy, op, onClose }: { run: Run; strategy: ReexecutionStrategy; op: string; onClose: () => void }) {
  const [ops, setOps] = useState(op);
  const field = useRef<HTMLInputElement>(null);
  const selects = strategy === ReexecutionStrategy.SELECTED;
  const launch: Launch = { opSelection: selects ? ops : "", reexecution: { runId: run.id, strategy, keepConfig: true, keepTags: true } };
  const preview = usePreview(launch);
  const { start, isPending, error } = useLaunch(launch, preview.data?.definitionDigest ?? none);
  const problems = preview.data?.problems ?? [];
  const missing = selects && ops.trim() === "";
  // What is shown must be what is launched.
  const ready = preview.data !== undefined && preview.error === null && problems.length === 0 && !preview.isChecking && !missing;
  const confirm = () => {
    if (ready && !isPending) start();
  };
  useShortcut("Mod+Enter", confirm);
  const { name, label, meaning } = reexecutingData(strategy);
  return (
    <Dialog
      title={`Re-execute: ${label.toLowerCase()}`}
      opened
      onClose={onClose}
      size="lg"
      footer={
        <>
          {run.job !== undefined && <ButtonLink href={paths.reexecute(run.job, run.id, name)}>Edit first…</ButtonLink>}
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" icon={<RotateCw size={14} aria-hidden />} aria-disabled={!ready || isPending} onClick={confirm}>
            {isPending ? "Launching…" : "Re-execute"} <Kbd keys="Mod+Enter" />
          </Button>
        </>
      }
    >
      <div className={styles.body}>
        <Note>{meaning} Config and tags are those of the run.</Note>
        {selects && (
          <div>
            <Label htmlFor="reexecute-ops">Op selection</Label>
            <TextField
              id="reexecute-ops"
              ref={field}
              mono
              data-autofocus
              placeholder="for example parse[2024], sum or read+"
              value={ops}
              aria-invalid={problems.some((problem) => problem.field === "op_selection")}
              onChange={(event) => { setOps(event.target.value); }}
            />
          </div>
        )}
        {missing ? <Note>Type which ops. An instance of a mapped op is named by its key: parse[key].</Note> : <Preview run={run} strategy={strategy} preview={preview.data} error={preview.error} />}
        {!missing && problems.length > 0 && (
          <Problems
            problems={problems}
            onJump={(problem) => {
              field.current?.focus();
              if (problem.line > 0) field.current?.setSelectionRange(...fieldRange(ops, problem.line, problem.column));
            }}
            editable={selects}
          />
        )}
        {error !== null && <Failure doing="re-execute the run" error={error} />}
        <p role="status" className={styles.state}>
          {missing ? "" : preview.isChecking ? "Checking…" : ""}
        </p>
      </div>
    </Dialog>
  );
}

function Preview({ run, strategy, preview, error }: { run: Run; strategy: ReexecutionStrategy; preview: PreviewRunResponse | undefined; error: Error | null }) {
  if (error !== null) return <Failure doing="check what would be executed" error={error} />;
  if (preview === undefined) return <Loading what="what would be executed" />;
  const { job, codeVersion, opSelection } = preview;
  return (
    <>
      <Facts
        facts={[
          ["Job", job === undefined ? undefined : formatJobName(job)],
          ["Code version", codeVersion === "" ? "not reported" : codeVersion === run.codeVersion ? <code>{codeVersion}</code> : <><code>{codeVersion}</code> (the run had {run.codeVersion === "" ? "none" : <code>{run.codeVersion}</code>})</>],
          ["Op selection", opSelection === "" || strategy === ReexecutionStrategy.SELECTED ? undefined : <code className={styles.selection}>{opSelection}</code>],
          ["Executes", <ExecutedOps key="ops" preview={preview} />],
        ]}
      />
      <LaunchParts preview={preview} />
    </>
  );
}

function Problems({ problems, editable, onJump }: { problems: readonly Problem[]; editable: boolean; onJump: (problem: Problem) => void }) {
  return (
    <Callout tone="bad" title={plural(problems.length, "problem")} live>
      <ul className={styles.problems}>
        {problems.map((problem, index) => (
          <li key={index}>
            {editable && problem.field === "op_selection" && problem.column > 0 ? (
              <TextButton onClick={() => { onJump(problem); }}>
                Column {problem.column}: {problem.message}
              </TextButton>
            ) : (
              <>
                {problem.path !== "" && <code>{problem.path}: </code>}
                {problem.message}
              </>
            )}
          </li>
        ))}
      </ul>
    </Callout>
  );
}
