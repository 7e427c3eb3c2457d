import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, type RouterHistory } from "@tanstack/react-router";
import { formatSearch, parseSearch, type SearchParams } from "@/lib/search-params";
import { paths } from "@/domain/paths";
import { NotFound } from "./not-found";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ href: paths.jobs(), replace: true });
  },
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  component: lazyRouteComponent(() => import("@/features/jobs/jobs-page"), "JobsPage"),
});

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$location/$repository/$job",
  component: lazyRouteComponent(() => import("@/features/job/job-page"), "JobPage"),
});

const jobOverview = createRoute({
  getParentRoute: () => job,
  path: "/",
  component: lazyRouteComponent(() => import("@/features/job/overview"), "Overview"),
});

const jobLaunchpad = createRoute({
  getParentRoute: () => job,
  path: "/launchpad",
  component: lazyRouteComponent(() => import("@/features/job/launchpad"), "LaunchpadTab"),
});

const jobRuns = createRoute({
  getParentRoute: () => job,
  path: "/runs",
  component: lazyRouteComponent(() => import("@/features/job/job-runs"), "JobRuns"),
});

const jobHistory = createRoute({
  getParentRoute: () => job,
  path: "/history",
  component: lazyRouteComponent(() => import("@/features/job/history"), "History"),
});

const jobPartitions = createRoute({
  getParentRoute: () => job,
  path: "/partitions",
  component: lazyRouteComponent(() => import("@/features/job/partitions"), "Partitions"),
});

const automations = createRoute({
  getParentRoute: () => root,
  path: "/automation",
  component: lazyRouteComponent(() => import("@/features/automation/automations-page"), "AutomationsPage"),
});

const automation = createRoute({
  getParentRoute: () => root,
  path: "/automation/$location/$repository/$name",
  component: lazyRouteComponent(() => import("@/features/automation/automation-page"), "AutomationPage"),
});

const backfills = createRoute({
  getParentRoute: () => root,
  path: "/backfills",
  component: lazyRouteComponent(() => import("@/features/backfill/backfills-page"), "BackfillsPage"),
});

const backfill = createRoute({
  getParentRoute: () => root,
  path: "/backfills/$id",
  component: lazyRouteComponent(() => import("@/features/backfill/backfill-page"), "BackfillPage"),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  component: lazyRouteComponent(() => import("@/features/runs/runs-page"), "RunsPage"),
});

const bulks = createRoute({
  getParentRoute: () => root,
  path: "/runs/bulk",
  component: lazyRouteComponent(() => import("@/features/runs/bulks-page"), "BulksPage"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$id",
  component: lazyRouteComponent(() => import("@/features/run/run-page"), "RunPage"),
});

const deployment = createRoute({
  getParentRoute: () => root,
  path: "/deployment",
  component: lazyRouteComponent(() => import("@/features/deployment/deployment-page"), "DeploymentPage"),
});

const routes = root.addChildren([index, jobs, job.addChildren([jobOverview, jobLaunchpad, jobRuns, jobPartitions, jobHistory]), runs, bulks, run, automations, automation, backfills, backfill, deployment]);

/** The router; history is given where there is no browser. */
export function createPageRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: routes,
    ...(history === undefined ? {} : { history }),
    parseSearch,
    // Search is only ever written by paths.ts.
    stringifySearch: (search) => formatSearch(search as SearchParams),
    defaultPendingMinMs: 0,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
