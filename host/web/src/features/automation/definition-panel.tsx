import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { automationKind, descriptionOf, jobsOf } from "@/domain/automation/automation-kind";
import { cronWords } from "@/domain/automation/cron-words";
import { missedTicksText } from "@/domain/automation/missed-ticks";
import { everyText, NextTick, zoneOf } from "@/domain/automation/next-tick";
import { isOn } from "@/domain/automation/use-switch";
import { paths, runsWithTag } from "@/domain/paths";
import { TagChip } from "@/domain/run/tag-chip";
import { AutomationKind, AutomationSwitch, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import type { ScheduleDefinition } from "@/gen/penstock/usercode/v1/automation_pb";
import { Link } from "@/ui/link";
import { Markdown } from "@/ui/markdown";
import { Note, Panel, Section } from "@/ui/panel";
import { Facts } from "@/ui/table";
import { Ago } from "@/ui/time";
import styles from "./automation-page.module.css";
import { CursorSection } from "./cursor-section";
import { SwitchSection } from "./switch-section";

/** What a schedule or sensor is, and how it stands. */
export function DefinitionPanel({ automation }: { automation: Automation }) {
  const { name, schedule, sensor } = automation;
  const tags = schedule?.tags ?? sensor?.tags ?? [];
  const known = schedule !== undefined || sensor !== undefined;
  return (
    <Panel padded={false}>
      <Section title={automationKind(name?.kind).label}>
        {!known && <Note>Its definition is not known any more.</Note>}
        <Facts
          facts={[
            ["Runs", known ? <Jobs key="jobs" automation={automation} /> : undefined],
            ["When", schedule === undefined ? undefined : <Crons crons={schedule.crons} />],
            ["Zone", schedule === undefined ? undefined : inertText(zoneOf(schedule.zone))],
            ["Looks", sensor === undefined ? undefined : inertText(everyText(automation))],
            ["Retried runs", sensor?.looks.case === "runStatus" && sensor.looks.value.lastRetryOnly ? "only after their last retry" : undefined],
            ["Makes", schedule === undefined ? undefined : makesText(schedule)],
            ["Next", <NextTick key="next" automation={automation} />],
            ["Missed ticks", schedule === undefined ? undefined : missedTicksText(schedule.missedTicks)],
            ["Switched", <Switched key="switched" automation={automation} />],
          ]}
        />
        <SwitchSection automation={automation} />
      </Section>
      {descriptionOf(automation) !== "" && (
        <Section title="Description">
          <Markdown source={descriptionOf(automation)} />
        </Section>
      )}
      {known && (
        <Section title="Tags that its runs get">
          {tags.length === 0 && <Note>None beside those of its job.</Note>}
          <div className={styles.tags}>
            {tags.map((tag) => (
              <TagChip key={tag.key} tag={tag} href={paths.runs(runsWithTag(tag))} />
            ))}
          </div>
        </Section>
      )}
      {name?.kind === AutomationKind.SENSOR && <CursorSection automation={automation} />}
    </Panel>
  );
}

function Jobs({ automation }: { automation: Automation }) {
  return (
    <ul className={styles.list}>
      {jobsOf(automation).map((job) => (
        <li key={job.job}>
          <Link href={paths.job(job)}>{job.job}</Link>
        </li>
      ))}
    </ul>
  );
}

function Crons({ crons }: { crons: readonly string[] }) {
  return (
    <ul className={styles.list}>
      {crons.map((cron) => (
        <li key={cron}>
          <code>{inertText(cron)}</code>
          <span className={styles.aside}>{cronWords(cron)}</span>
        </li>
      ))}
    </ul>
  );
}

function makesText({ makes }: ScheduleDefinition): string {
  switch (makes.case) {
    case "fixed":
      return "one run, the same each time";
    case "partitions":
      return "a run of each partition that has ended since the tick before";
    case "evaluated":
      return "what its function in user code asks for";
    default:
      return "something that this page does not know";
  }
}

function Switched({ automation }: { automation: Automation }) {
  const { switched, switchedBy, switchedAt } = automation;
  const at = instantMs(switchedAt);
  const on = isOn(automation) ? "on" : "off";
  if (switched !== AutomationSwitch.ON && switched !== AutomationSwitch.OFF) return <span>{on}, as its definition says</span>;
  return (
    <span>
      {on}
      {switchedBy !== "" && `, by ${inertText(switchedBy)}`}
      {at !== undefined && (
        <>
          {" "}
          <Ago ms={at} />
        </>
      )}
    </span>
  );
}
