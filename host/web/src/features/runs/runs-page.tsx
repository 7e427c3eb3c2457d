import { ListChecks } from "lucide-react";
import { paths, readRunsView } from "@/domain/paths";
import { LaunchHint, RunBrowser } from "@/domain/run/run-browser";
import { useSearchParams } from "@/lib/search";
import { ButtonLink } from "@/ui/link";
import { Page } from "@/ui/page";

/** All runs, newest first. */
export function RunsPage() {
  const view = readRunsView(useSearchParams());
  return (
    <Page name="Runs" title="Runs" actions={<ButtonLink href={paths.bulks()} icon={<ListChecks size={14} aria-hidden />}>Actions on many runs</ButtonLink>}>
      <RunBrowser
        view={view}
        hrefOf={paths.runs}
        firstRun={
          <>
            <p>Open a job and launch it, or from the command line:</p>
            <LaunchHint job="JOB" />
            <ButtonLink look="primary" href={paths.jobs()}>
              Choose a job
            </ButtonLink>
          </>
        }
      />
    </Page>
  );
}
