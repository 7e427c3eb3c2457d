import { Empty } from "@/ui/states";
import { CodeBlock } from "@/ui/table";

/** How to make the first schedule. */
export function NoAutomation() {
  return (
    <Empty title="No schedule and no sensor yet">
      <p>A schedule launches a job at times, a sensor when something has happened. Both are defined beside their jobs, in user code:</p>
      <CodeBlock label="Go code" text={'usercode.NewSchedule("nightly", report, usercode.Cron("30 6 * * *"), usercode.Zone("Europe/Berlin"))'} />
      <p>They are here as soon as their code location answers with them.</p>
    </Empty>
  );
}
