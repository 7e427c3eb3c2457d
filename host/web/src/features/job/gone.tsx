import type { JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { WaitingJobs } from "@/domain/run/waiting-jobs";
import { useWaitingRuns } from "@/domain/run/waiting-runs";
import { ButtonLink } from "@/ui/link";
import { Note } from "@/ui/panel";
import styles from "./job-page.module.css";

/** What is left of a job that the host does not know any more: its runs and history, and the runs that wait for it. */
export function Gone({ name }: { name: JobNameText }) {
  const waiting = useWaitingRuns();
  return (
    <div>
      <div className={styles.past}>
        <Note>If it was there once, what happened is still here:</Note>
        <ButtonLink small href={paths.jobRuns(name)}>
          Its runs
        </ButtonLink>
        <ButtonLink small href={paths.jobHistory(name)}>
          Its history
        </ButtonLink>
      </div>
      <WaitingJobs waiting={waiting} job={name} />
    </div>
  );
}
