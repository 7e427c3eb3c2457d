import { automationKind } from "@/domain/automation/automation-kind";
import { AutomationMarks } from "@/domain/automation/automation-marks";
import { LastTicks } from "@/domain/automation/last-ticks";
import { NextTick } from "@/domain/automation/next-tick";
import { useAutomationFeed, useAutomations } from "@/domain/automation/use-automations";
import { Failure } from "@/domain/host/failure";
import { isOlderHost } from "@/domain/host/host-error";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { RefusalView } from "@/domain/metadata/metadata-view";
import { paths } from "@/domain/paths";
import { Link } from "@/ui/link";
import { Note, Section } from "@/ui/panel";
import { Loading } from "@/ui/states";
import styles from "./overview.module.css";

/** Schedules and sensors of a job: when each ticks next, and how it ticked. */
export function AutomationSection({ name }: { name: JobNameText }) {
  useAutomationFeed();
  const { data, error, refetch } = useAutomations(formatJobName(name));
  if (isOlderHost(error)) return null;
  const refusals = (data?.refusals ?? []).filter((refusal) => refusal.location === name.location);
  return (
    <Section title="Schedules and sensors">
      {error !== null && <Failure doing="list schedules and sensors" error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading what="schedules and sensors" />}
      {refusals.map((refusal) => (
        <RefusalView key={refusal.capability} refusal={refusal} brief />
      ))}
      {data?.automations.length === 0 && refusals.length === 0 && <Note>None launches this job.</Note>}
      <ul className={styles.automations}>
        {(data?.automations ?? []).map((automation) => {
          if (automation.name === undefined) return null;
          const { icon: Icon, label } = automationKind(automation.name.kind);
          return (
            <li key={automation.name.name}>
              <span className={styles.automation}>
                <Icon size={13} aria-label={label} />
                <Link href={paths.automation(automation.name)}>{automation.name.name}</Link>
                <AutomationMarks automation={automation} />
                <LastTicks automation={automation} />
              </span>
              <span className={styles.type}>
                <NextTick automation={automation} />
              </span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
