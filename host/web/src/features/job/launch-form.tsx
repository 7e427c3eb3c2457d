import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { Rocket, Tags } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Failure } from "@/domain/host/failure";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { formatTag } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import type { Job } from "@/gen/penstock/host/v1/job_pb";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { useDebounced } from "@/lib/debounced";
import { fieldRange } from "@/lib/text-place";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import { Kbd } from "@/ui/kbd";
import { Link } from "@/ui/link";
import { Note, Panel, Section } from "@/ui/panel";
import { useShortcut } from "@/ui/shortcut";
import { YamlEditor, type TextPlace } from "@/ui/yaml-editor";
import { configSkeleton } from "./config-skeleton";
import type { Draft } from "./draft";
import styles from "./launchpad.module.css";
import { ProblemList } from "./problem-list";
import { RunSummary } from "./run-summary";
import { TagDialog } from "./tag-dialog";
import { useLaunch } from "./use-launch";

const restMs = 250;
const none: readonly Problem[] = [];

/** Config, op selection and tags of a run to be; beside them what would run, or all that is wrong. */
export function LaunchForm({ job, definition, name, draft, onChange }: {
  job: Job;
  definition: JobDefinition;
  name: JobNameText;
  draft: Draft;
  onChange: (next: Partial<Draft>) => void;
}) {
  const [tagging, setTagging] = useState(false);
  const [goTo, setGoTo] = useState<TextPlace>();
  const selection = useRef<HTMLInputElement>(null);
  const launch = useLaunch(name, draft, job.definitionDigest);
  const preview = usePreview(name, draft);
  const problems = preview.data?.problems ?? none;
  const configProblems = useMemo(() => problems.filter((problem) => problem.field === "config"), [problems]);
  const selectionProblems = problems.filter((problem) => problem.field === "op_selection");
  const blocked = problems.length > 0 && !preview.isChecking;
  const start = () => {
    if (!blocked && !launch.isPending) launch.start();
  };
  useShortcut("Mod+Enter", start, !tagging);
  useShortcut("Alt+t", () => { setTagging(true); }, !tagging);
  const skeleton = useMemo(() => configSkeleton(new TextDecoder().decode(definition.configSchemaJson)), [definition.configSchemaJson]);
  const jump = (problem: Problem) => {
    if (problem.field === "config") setGoTo({ line: problem.line, column: problem.column });
    else if (problem.field === "tags") setTagging(true);
    else {
      selection.current?.focus();
      if (problem.line > 0) selection.current?.setSelectionRange(...fieldRange(draft.ops, problem.line, problem.column));
    }
  };
  return (
    <div className={styles.split}>
      <div className={styles.left}>
        <Panel
          title="Config, as YAML"
          padded={false}
          actions={
            skeleton !== "" && draft.config.trim() === "" ? (
              <Button small onClick={() => { onChange({ config: skeleton }); }}>
                Insert all fields
              </Button>
            ) : undefined
          }
        >
          <div className={styles.editor}>
            <YamlEditor label="Config, as YAML" value={draft.config} onChange={(config) => { onChange({ config }); }} problems={configProblems} goTo={goTo} />
          </div>
          {definition.configSchemaJson.length === 0 && (
            <div className={styles.hint}>
              <Note>This job takes no config.</Note>
            </div>
          )}
        </Panel>
        <ProblemList problems={problems} checking={preview.isChecking} location={name.location} onJump={jump} />
      </div>
      <Panel padded={false}>
        <Section title="Op selection" actions={draft.ops === "" ? undefined : <Link href={paths.job(name, { select: draft.ops })}>Show in the graph</Link>}>
          <TextField
            ref={selection}
            mono
            aria-label="Op selection"
            placeholder="all ops; or for example *report, read+"
            value={draft.ops}
            aria-invalid={selectionProblems.length > 0}
            onChange={(event) => { onChange({ ops: event.target.value }); }}
          />
          <div className={styles.fieldHint}>
            <Note>
              Names with commas between; <code>*name</code> with all before it, <code>name*</code> with all after it, <code>+name</code> and <code>name+</code> with one step. Or an expression:{" "}
              <code>*name:"write_*" and not (b or c)</code>, <code>2+sinks(graph)</code>.
            </Note>
          </div>
        </Section>
        <Section title="Tags for this run">
          <div className={styles.tags}>
            {draft.tags.map((tag) => (
              <TagChip key={formatTag(tag)} tag={tag} />
            ))}
            <Button small icon={<Tags size={13} aria-hidden />} onClick={() => { setTagging(true); }}>
              {draft.tags.length === 0 ? "Add tags" : "Edit tags"} <Kbd keys="Alt+T" />
            </Button>
          </div>
        </Section>
        <RunSummary preview={preview.data} error={preview.error} name={name} all={definition} />
        <div className={styles.launch}>
          {launch.error !== null && <Failure doing="launch the run" error={launch.error} />}
          <Button
            look="primary"
            icon={<Rocket size={14} aria-hidden />}
            aria-disabled={blocked || launch.isPending}
            aria-describedby="launch-state"
            onClick={start}
          >
            {launch.isPending ? "Launching…" : "Launch the run"} <Kbd keys="Mod+Enter" />
          </Button>
          <p id="launch-state" className={styles.state} role="status">
            {preview.isChecking ? "Checking…" : blocked ? "Not before what is wrong is put right." : ""}
          </p>
        </div>
      </Panel>
      {tagging && (
        <TagDialog name={name} fixed={definition.tags} tags={draft.tags} onApply={(tags) => { onChange({ tags }); }} onClose={() => { setTagging(false); }} />
      )}
    </div>
  );
}

function usePreview(name: JobNameText, draft: Draft) {
  const rested = useDebounced(draft, restMs);
  const { data, error, isFetching } = useQuery(
    RunService.method.previewRun,
    { launch: { job: formatJobName(name), configYaml: rested.config, tags: rested.tags, opSelection: rested.ops } },
    { placeholderData: keepPreviousData, staleTime: 0 },
  );
  return { data, error, isChecking: isFetching || rested !== draft };
}
