import { hex } from "@/lib/bytes";
import { instantMs } from "@/lib/instant";
import { Failure } from "@/domain/host/failure";
import { formatJobName } from "@/domain/job/job-name";
import { MetadataSection } from "@/domain/metadata/metadata-view";
import { paths } from "@/domain/paths";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { CopyButton, CopyText } from "@/ui/copy-button";
import { Link } from "@/ui/link";
import { Note, Panel, Section } from "@/ui/panel";
import { Loading } from "@/ui/states";
import { CodeBlock, Facts } from "@/ui/table";
import { Elapsed, Instant } from "@/ui/time";
import { LaunchCode } from "./launch-code";
import { LineageSection } from "./lineage-section";
import { useRunSnapshot } from "./run-snapshot";
import { SourceSection } from "./source-section";
import { TagSection } from "./tag-section";

/** What a run was launched with, and where it runs. */
export function RunPane({ run }: { run: Run }) {
  return (
    <Panel padded={false}>
      <Section title="Run">
        <RunFacts run={run} />
      </Section>
      <SourceSection run={run} />
      <LineageSection run={run} />
      <Section title="Code">
        <LaunchCode run={run} />
      </Section>
      <TagSection run={run} />
      <Section title="Config as launched" actions={run.configYaml === "" ? undefined : <CopyButton text={run.configYaml} label="Copy the config" />}>
        {run.configYaml === "" ? <Note>Launched without config.</Note> : <CodeBlock text={run.configYaml} label="Text of the config" />}
      </Section>
      <LaunchedMetadata run={run} />
    </Panel>
  );
}

function RunFacts({ run }: { run: Run }) {
  const created = instantMs(run.createdAt);
  const started = instantMs(run.startedAt);
  const ended = instantMs(run.endedAt);
  return (
    <Facts
      facts={[
        ["Job", run.job === undefined ? undefined : <Link href={paths.job(run.job)}>{formatJobName(run.job)}</Link>],
        ["Created", created === undefined ? undefined : <Instant ms={created} />],
        ["Started", started === undefined ? undefined : <Instant ms={started} />],
        ["Ended", ended === undefined ? undefined : <Instant ms={ended} />],
        ["Duration", started === undefined ? undefined : <Elapsed from={started} to={ended} />],
        ["Worker", run.workerHandle === "" ? undefined : <code>{run.workerHandle}</code>],
        ["Attempt", run.attempt > 1 ? String(run.attempt) : undefined],
        ["Op selection", run.opSelection === "" ? undefined : <code>{run.opSelection}</code>],
        ["Protocol", run.protocolVersion],
        ["Definition", <CopyText key="digest" text={hex(run.definitionDigest).slice(0, 16)} />],
      ]}
    />
  );
}

function LaunchedMetadata({ run }: { run: Run }) {
  const { data, error } = useRunSnapshot(run.id);
  const home = { location: run.job?.location ?? "", repository: run.job?.repository ?? "" };
  if (data !== undefined) return <MetadataSection metadata={data.metadata} home={home} asOf="as of launch" />;
  return (
    <Section title="Metadata, as of launch">
      {error === null ? <Loading what="metadata" /> : <Failure doing="load the job as it was" error={error} />}
    </Section>
  );
}
