import type { JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { canReexecute } from "@/domain/run/reexecution";
import { RunLink } from "@/domain/run/run-link";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { Button } from "@/ui/button";
import { ButtonLink } from "@/ui/link";
import { Callout } from "@/ui/states";
import styles from "./launchpad.module.css";

/** Says which run is executed again, and how to begin anew or without it. */
export function ParentNotice({ run, name, changed, onReset }: { run: Run; name: JobNameText; changed: boolean; onReset: () => void }) {
  return (
    <Callout tone={canReexecute(run) ? "info" : "warn"} title="Edit and re-execute">
      <div className={styles.parent}>
        <span>
          This executes run <RunLink id={run.id} /> again, as a run of its own.
          {!canReexecute(run) && " That run goes on: it can be executed again once it is over."}
        </span>
        {changed && (
          <Button small onClick={onReset}>
            Begin anew with what the run had
          </Button>
        )}
        <ButtonLink small href={paths.launchpad(name)}>
          Launch without it
        </ButtonLink>
      </div>
    </Callout>
  );
}
