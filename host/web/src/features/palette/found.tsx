import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { ArrowRight, Network, Palette as PaletteIcon, Play, Workflow } from "lucide-react";
import type { ReactNode } from "react";
import { useLocations } from "@/domain/location/location-feed";
import { locationStateData } from "@/domain/location/location-state";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { looksLikeRunId, shortRunId } from "@/domain/run/run-id";
import { runStatusData, runStatuses } from "@/domain/run/run-status";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { useScheme } from "@/ui/theme";

/** One thing that was found. */
export interface Found {
  key: string;
  icon: ReactNode;
  label: string;
  detail: string;
  href: string;
  /** What it does, when it is no page. */
  run?: () => void;
}

const mostJobs = 12;

/** What a text finds: a run by its id, jobs, locations, actions. */
export function useFound(text: string): { found: Found[]; searching: boolean } {
  // Not deferred: Enter takes what is on top, and that must be of the text as it is now.
  const asked = text.trim();
  const jobs = useQuery(JobService.method.listJobs, { search: asked, pageSize: mostJobs }, { placeholderData: keepPreviousData });
  const run = useQuery(RunService.method.getRun, { id: asked }, { enabled: looksLikeRunId(asked), retry: false });
  const locations = useLocations();
  const actions = useActions();
  const has = (label: string) => label.toLowerCase().includes(asked.toLowerCase());
  const found: Found[] = [];
  if (looksLikeRunId(asked) && run.data?.run !== undefined) {
    const { id, job, status } = run.data.run;
    found.push({ key: id, icon: <Play size={14} aria-label="Run" />, label: shortRunId(id), detail: `${job?.job ?? ""} · ${runStatusData(status).label}`, href: paths.run(id) });
  }
  for (const { name } of jobs.data?.jobs ?? []) {
    // While the answer for this text is under way, what fits it of the last one stands in.
    if (name === undefined || (jobs.isPlaceholderData && !has(name.job))) continue;
    found.push({ key: formatJobName(name), icon: <Workflow size={14} aria-label="Job" />, label: name.job, detail: `${name.location} / ${name.repository}`, href: paths.job(name) });
  }
  for (const location of (locations.data?.locations ?? []).filter((each) => has(each.name))) {
    found.push({ key: `location ${location.name}`, icon: <Network size={14} aria-label="Code location" />, label: location.name, detail: locationStateData(location.state).label, href: paths.location(location.name) });
  }
  found.push(...actions.filter((action) => has(action.label)));
  return { found, searching: jobs.isFetching || run.isFetching };
}

function useActions(): Found[] {
  const { scheme, setScheme } = useScheme();
  const page = (label: string, href: string): Found => ({ key: label, icon: <ArrowRight size={14} aria-label="Page" />, label, detail: "page", href });
  const statuses = (wanted: (typeof runStatuses)[number][]) => paths.runs({ statuses: wanted.map((data) => data.status) });
  const other = scheme === "dark" ? "light" : "dark";
  return [
    page("Jobs", paths.jobs()),
    page("Runs", paths.runs()),
    page("Runs in progress", statuses(runStatuses.filter((data) => data.inProgress))),
    page("Runs that failed", statuses(runStatuses.filter((data) => data.tone === "bad"))),
    page("Automation", paths.automations()),
    page("Backfills", paths.backfills()),
    page("Deployment", paths.deployment()),
    {
      key: "scheme",
      icon: <PaletteIcon size={14} aria-label="Action" />,
      label: `Switch to ${other} colours`,
      detail: "action",
      href: paths.jobs(),
      run: () => {
        setScheme(other);
      },
    },
  ];
}
