import { paths } from "@/domain/paths";
import { sourceOf } from "@/domain/run/run-source";
import { tagTerm } from "@/domain/selector/selector-text";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { inertText } from "@/lib/inert-text";
import { Link } from "@/ui/link";
import { Section } from "@/ui/panel";
import { Facts } from "@/ui/table";
import { Instant } from "@/ui/time";

/** What launched a run, and its partition; nothing for a run that a person launched without one. */
export function SourceSection({ run }: { run: Run }) {
  const source = sourceOf(run);
  if (source === undefined) return null;
  const { schedule, sensor, tick, runKey, partition, backfill } = source;
  const tickMs = Date.parse(tick);
  return (
    <Section title="Launched by and for">
      <Facts
        facts={[
          ["Schedule", schedule === undefined ? undefined : <Link href={paths.automation(schedule)}>{schedule.name}</Link>],
          ["Sensor", sensor === undefined ? undefined : <Link href={paths.automation(sensor)}>{sensor.name}</Link>],
          ["Tick", tick === "" ? undefined : Number.isNaN(tickMs) ? inertText(tick) : <Instant ms={tickMs} />],
          ["Run key", runKey === "" ? undefined : <code>{inertText(runKey)}</code>],
          [
            "Partition",
            partition === "" || run.job === undefined ? undefined : (
              <>
                <code>{inertText(partition)}</code> (<Link href={paths.jobRuns(run.job, { where: tagTerm({ key: "penstock/partition", value: partition }) })}>its runs</Link>, <Link href={paths.jobPartitions(run.job)}>all partitions</Link>)
              </>
            ),
          ],
          ["Backfill", backfill === "" ? undefined : <Link href={paths.backfill(backfill)}>{backfill.slice(0, 13)}</Link>],
        ]}
      />
    </Section>
  );
}
