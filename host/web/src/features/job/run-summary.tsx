import { hex } from "@/lib/bytes";
import { inertText } from "@/lib/inert-text";
import { allNodes } from "@/domain/graph/graph-model";
import { Failure } from "@/domain/host/failure";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { ExecutedOps, LaunchParts } from "@/domain/run/launch-parts";
import { originText, userFirst } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import type { PreviewRunResponse } from "@/gen/penstock/host/v1/run_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { Section, Subtitle } from "@/ui/panel";
import { Loading } from "@/ui/states";
import { CodeBlock, Facts } from "@/ui/table";
import styles from "./launchpad.module.css";

/** What a launch would do, as the host says it. */
export function RunSummary({ preview, error, name, all }: {
  preview: PreviewRunResponse | undefined;
  error: unknown;
  name: JobNameText;
  all: JobDefinition;
}) {
  if (preview === undefined) {
    return (
      <Section title="What will run">
        {error === null ? <Loading what="the preview" /> : <Failure doing="check the launch" error={error} />}
      </Section>
    );
  }
  const selected = preview.problems.every((problem) => problem.field !== "op_selection");
  const partition = preview.tags.find((tag) => tag.key === "penstock/partition");
  const ops = allNodes(all).filter((node) => node.op !== undefined).length;
  return (
    <Section title="What will run">
      <Facts
        facts={[
          ["Job", formatJobName(preview.job ?? name)],
          ["Partition", partition === undefined ? undefined : <code>{inertText(partition.value)}</code>],
          ["Code version", preview.codeVersion === "" ? "not reported" : <code>{preview.codeVersion}</code>],
          ["Definition", <code key="digest">{hex(preview.definitionDigest).slice(0, 16)}</code>],
          ["Ops", selected && <ExecutedOps key="ops" preview={preview} all={ops} />],
        ]}
      />
      <div className={styles.parts}>
        <LaunchParts preview={preview} />
      </div>
      <Subtitle>Tags</Subtitle>
      <ul className={styles.summaryTags} aria-label="Tags that the run gets">
        {userFirst(preview.tags).map((tag) => (
          <li key={tag.key}>
            <TagChip tag={tag} />
            <span className={styles.origin}>{originText(tag)}</span>
          </li>
        ))}
        {preview.overridden.map((tag) => (
          <li key={`overridden ${tag.key}`}>
            <TagChip tag={tag} faded />
            <span className={styles.origin}>overridden</span>
          </li>
        ))}
      </ul>
      {preview.configYaml.trim() !== "" && preview.configYaml.trim() !== "{}" && (
        <>
          <Subtitle>Config, with defaults</Subtitle>
          <CodeBlock text={preview.configYaml} label="Text of the config" />
        </>
      )}
    </Section>
  );
}
