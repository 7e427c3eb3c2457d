import { automationKind, descriptionOf, jobsOf } from "@/domain/automation/automation-kind";
import { AutomationMarks, AutomationProblem } from "@/domain/automation/automation-marks";
import { AutomationToggle } from "@/domain/automation/automation-toggle";
import { cronWords } from "@/domain/automation/cron-words";
import { LastTicks } from "@/domain/automation/last-ticks";
import { everyText, NextTick, zoneOf } from "@/domain/automation/next-tick";
import { paths } from "@/domain/paths";
import type { Automation } from "@/gen/penstock/host/v1/automation_pb";
import { inertText } from "@/lib/inert-text";
import { Link } from "@/ui/link";
import styles from "./automation.module.css";

/** A line of the list: what it is and runs, whether it is on, when it ticks next and how it ticked. */
export function AutomationRow({ automation }: { automation: Automation }) {
  const { name } = automation;
  if (name === undefined) return null;
  const { icon: Icon, label } = automationKind(name.kind);
  const [first = ""] = descriptionOf(automation).split("\n");
  const jobs = jobsOf(automation);
  return (
    <li className={styles.row}>
      <div className={styles.name}>
        <span className={styles.line}>
          <Icon size={14} aria-label={label} />
          <Link href={paths.automation(name)}>{name.name}</Link>
          <AutomationMarks automation={automation} />
        </span>
        {first !== "" && <p className={styles.aside}>{inertText(first)}</p>}
        {jobs.length > 0 && (
          <p className={styles.aside}>
            runs{" "}
            {jobs.map((job, index) => (
              <span key={job.job}>
                {index > 0 && ", "}
                <Link href={paths.job(job)}>{job.job}</Link>
              </span>
            ))}
          </p>
        )}
      </div>
      <div className={styles.when}>
        <When automation={automation} />
      </div>
      <div className={styles.next}>
        <NextTick automation={automation} />
      </div>
      <LastTicks automation={automation} />
      <AutomationToggle automation={automation} />
      {(automation.problem !== "" || automation.goneSince !== undefined) && (
        <div className={styles.problem}>
          <AutomationProblem automation={automation} />
        </div>
      )}
    </li>
  );
}

function When({ automation }: { automation: Automation }) {
  const { schedule } = automation;
  if (schedule === undefined) return automation.sensor === undefined ? null : <span>{inertText(everyText(automation))}</span>;
  return (
    <>
      {schedule.crons.map((cron) => (
        <code key={cron} title={cronWords(cron)}>
          {inertText(cron)}
        </code>
      ))}
      <span className={styles.aside}>{inertText(zoneOf(schedule.zone))}</span>
    </>
  );
}
