import styles from "./run-browser.module.css";
import type { RunSelection } from "./run-list";
import { WaitingJobs } from "./waiting-jobs";
import { useWaitingRuns } from "./waiting-runs";

/** Runs of a selection that wait for their code: they can be re-pointed together. */
export function WaitingSelected({ selection }: { selection: RunSelection }) {
  const waiting = useWaitingRuns(selection);
  return (
    <div className={styles.waiting}>
      <WaitingJobs waiting={waiting} />
    </div>
  );
}
