import type { JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { WaitingJobs } from "@/domain/run/waiting-jobs";
import { useWaitingRuns } from "@/domain/run/waiting-runs";
import { Link } from "@/ui/link";
import { Note } from "@/ui/panel";

/** What is left of a job that the host does not know any more: its runs and history, and the runs that wait for it. */
export function Gone({ name }: { name: JobNameText }) {
  const waiting = useWaitingRuns();
  return (
    <div>
      <Note>
        If it was there once, its <Link href={paths.jobRuns(name)}>runs</Link> and its <Link href={paths.jobHistory(name)}>history</Link> are still here.
      </Note>
      <WaitingJobs waiting={waiting} job={name} />
    </div>
  );
}
