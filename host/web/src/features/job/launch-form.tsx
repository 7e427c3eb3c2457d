import { Rocket, Tags } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Failure } from "@/domain/host/failure";
import type { JobNameText } from "@/domain/job/job-name";
import { formatTag } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import { useLaunch, usePreview } from "@/domain/run/use-launch";
import type { Job } from "@/gen/penstock/host/v1/job_pb";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { fieldRange } from "@/lib/text-place";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { Note, Panel, Section } from "@/ui/panel";
import { useShortcut } from "@/ui/shortcut";
import { YamlEditor, type TextPlace } from "@/ui/yaml-editor";
import { configSkeleton } from "./config-skeleton";
import type { Draft } from "./draft";
import { InheritedTags } from "./inherited-tags";
import { launchOf } from "./launch-of";
import { PartitionPicker } from "./partition-picker";
import styles from "./launchpad.module.css";
import { OpChoice } from "./op-choice";
import { ProblemList } from "./problem-list";
import { RunSummary } from "./run-summary";
import { TagDialog } from "./tag-dialog";

const none: readonly Problem[] = [];

/** Config, op selection and tags of a run to be; beside them what would run, or all that is wrong. */
export function LaunchForm({ job, definition, name, draft, parent, onChange }: {
  job: Job;
  definition: JobDefinition;
  name: JobNameText;
  draft: Draft;
  /** The run that the draft executes again. */
  parent: Run | undefined;
  onChange: (next: Partial<Draft>) => void;
}) {
  const [tagging, setTagging] = useState(false);
  const [goTo, setGoTo] = useState<TextPlace>();
  const selection = useRef<HTMLInputElement>(null);
  const inputsFrom = useRef<HTMLInputElement>(null);
  const partition = useRef<HTMLInputElement>(null);
  const asked = launchOf(name, draft);
  const launch = useLaunch(asked, job.definitionDigest);
  const preview = usePreview(asked);
  const problems = preview.data?.problems ?? none;
  const configProblems = useMemo(() => problems.filter((problem) => problem.field === "config"), [problems]);
  const invalid = new Set(problems.map((problem) => problem.field));
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
    else if (problem.field === "inputs_from") inputsFrom.current?.focus();
    else if (problem.field === "partition" && partition.current !== null) partition.current.focus();
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
          {definition.configSchemaJson.length > 0 && draft.partition !== "" && draft.config.trim() === "" && definition.partitions?.hasRunParts === true && (
            <div className={styles.hint}>
              <Note>Left empty, it is made by the job&apos;s code for the partition.</Note>
            </div>
          )}
          {definition.configSchemaJson.length === 0 && (
            <div className={styles.hint}>
              <Note>This job takes no config.</Note>
            </div>
          )}
        </Panel>
        <ProblemList problems={problems} checking={preview.isChecking} location={name.location} onJump={jump} />
      </div>
      <Panel padded={false}>
        {definition.partitions !== undefined && draft.parent === undefined && (
          <PartitionPicker name={name} definition={definition.partitions} value={draft.partition} field={partition} invalid={invalid.has("partition")} onChange={(key) => { onChange({ partition: key }); }} />
        )}
        <OpChoice name={name} draft={draft} parent={parent} preview={preview.data} invalid={invalid} selection={selection} inputsFrom={inputsFrom} onChange={onChange} />
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
        {draft.parent !== undefined && <InheritedTags parent={draft.parent} preview={preview.data} onChange={(next) => { onChange({ parent: next }); }} />}
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
