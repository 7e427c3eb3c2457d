import { hex } from "@/lib/bytes";
import { instantMs } from "@/lib/instant";
import type { Placed } from "@/domain/graph/graph-model";
import { paths, runsWithTag } from "@/domain/paths";
import { MetadataSection } from "@/domain/metadata/metadata-view";
import { TagChip } from "@/domain/run/tag-chip";
import type { Job } from "@/gen/penstock/host/v1/job_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { CopyText } from "@/ui/copy-button";
import { Markdown } from "@/ui/markdown";
import { Note, Panel, Section } from "@/ui/panel";
import { Facts } from "@/ui/table";
import { Ago, Instant } from "@/ui/time";
import { AutomationSection } from "./automation-section";
import { ConfigSchema } from "./config-schema";
import styles from "./overview.module.css";
import { ResourceSection } from "./resource-section";

/** All that is known of a job. */
export function JobPane({ job, definition, nodes }: { job: Job; definition: JobDefinition; nodes: readonly Placed[] }) {
  const home = { location: job.name?.location ?? "", repository: job.name?.repository ?? "" };
  return (
    <Panel padded={false}>
      <Section title="Description">
        {definition.description === "" ? <Note>None. An author adds one with usercode.Description.</Note> : <Markdown source={definition.description} />}
      </Section>
      <MetadataSection metadata={job.metadata} home={home} />
      <Section title="Tags that every run gets">
        {definition.tags.length === 0 && <Note>This job puts no tags on its runs.</Note>}
        <div className={styles.tags}>
          {definition.tags.map((tag) => (
            <TagChip key={tag.key} tag={tag} href={paths.runs(runsWithTag(tag))} note="Click to see the runs with this tag" />
          ))}
        </div>
      </Section>
      {job.name !== undefined && <AutomationSection name={job.name} />}
      <ResourceSection resources={definition.resources} nodes={nodes} />
      <Section title="Config">
        <ConfigSchema schema={new TextDecoder().decode(definition.configSchemaJson)} />
      </Section>
      <Section title="Code">
        <CodeFacts job={job} maxConcurrent={definition.maxConcurrent} />
      </Section>
    </Panel>
  );
}

function CodeFacts({ job, maxConcurrent }: { job: Job; maxConcurrent: number }) {
  const { build } = job;
  const loaded = instantMs(job.loadedAt);
  const built = instantMs(build?.builtAt);
  const revision = build === undefined || build.vcsRevision === "" ? undefined : build;
  return (
    <Facts
      facts={[
        ["Code version", build === undefined || build.codeVersion === "" ? <Note>not reported</Note> : <CopyText text={build.codeVersion} />],
        ["Revision", revision && <><CopyText text={revision.vcsRevision} />{revision.dirty && " (with changes)"}</>],
        ["Image", build === undefined || build.image === "" ? undefined : <CopyText text={build.image} />],
        ["Image digest", build === undefined || build.imageDigest === "" ? undefined : <CopyText text={build.imageDigest} />],
        ["Built", built !== undefined && built > 0 ? <Instant ms={built} /> : undefined],
        ["Ops at a time", maxConcurrent === 0 ? undefined : `at most ${maxConcurrent}`],
        ["Loaded", loaded === undefined ? undefined : <Ago ms={loaded} />],
        ["Definition", <CopyText key="digest" text={hex(job.definitionDigest).slice(0, 16)} />],
        ["Repository", job.repositoryDescription === "" ? undefined : job.repositoryDescription],
      ]}
    />
  );
}
