import { formatJobName } from "@/domain/job/job-name";
import { useJobParams } from "@/domain/job/use-job";
import { paths, readRunsView } from "@/domain/paths";
import { LaunchHint, RunBrowser } from "@/domain/run/run-browser";
import { useSearchParams } from "@/lib/search";
import { ButtonLink } from "@/ui/link";

/** The runs of one job. */
export function JobRuns() {
  const name = useJobParams();
  const view = readRunsView(useSearchParams());
  return (
    <RunBrowser
      view={view}
      hrefOf={(next) => paths.jobRuns(name, next)}
      job={formatJobName(name)}
      firstRun={
        <>
          <p>Nobody has launched this job yet. Launch it here, or from the command line:</p>
          <LaunchHint job={formatJobName(name)} />
          <ButtonLink look="primary" href={paths.launchpad(name)}>
            Open the Launchpad
          </ButtonLink>
        </>
      }
    />
  );
}
