import { RefusalView } from "@/domain/metadata/metadata-view";
import { formatJobName } from "@/domain/job/job-name";
import { useJob, useJobParams } from "@/domain/job/use-job";
import { paths } from "@/domain/paths";
import { ButtonLink } from "@/ui/link";
import { Panel, Section } from "@/ui/panel";
import { Empty } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import { PartitionBrowser } from "./partition-browser";

/** The partitions of a job: how each stands, and what can be launched for them. */
export function Partitions() {
  const name = useJobParams();
  const { data } = useJob(name);
  const job = data?.job;
  if (job === undefined) return null;
  if (job.partitionsRefusal !== undefined) {
    return (
      <Panel padded={false}>
        <Section title="Partitions not shown">
          <RefusalView refusal={job.partitionsRefusal} />
        </Section>
      </Panel>
    );
  }
  const definition = job.definition?.partitions;
  if (definition === undefined) {
    return (
      <Panel padded={false}>
        <Empty title="This job has no partitions">
          <p>Partitions are the parts into which a job&apos;s work falls: days, regions, files. An author gives them to the job, in user code:</p>
          <CodeBlock label="Go code" text={'usercode.NewDailyPartitions("days", "2026-01-01", usercode.Zone("Europe/Berlin"))'} />
          <ButtonLink small href={paths.job(name)}>
            Back to the job
          </ButtonLink>
        </Empty>
      </Panel>
    );
  }
  return <PartitionBrowser key={formatJobName(name)} name={name} definition={definition} />;
}
