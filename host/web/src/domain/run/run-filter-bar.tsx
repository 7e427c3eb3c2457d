import { useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { SelectorSubject } from "@/gen/penstock/host/v1/runfilter_pb";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { IconButton } from "@/ui/button";
import { Tabs } from "@/ui/page";
import type { RunsView } from "@/domain/paths";
import { SelectorBox } from "@/domain/selector/selector-box";
import styles from "./run-browser.module.css";
import { sumCounts, type RunCounts } from "./run-counts";
import { runStatusData, runTabs, sameStatuses } from "./run-status";
import { SavedViewsButton } from "./saved-views-button";
import { FilterChip } from "./tag-chip";
import { TimeRangeButton } from "./time-range-button";

const grouped = new Intl.NumberFormat("en");

/** The filter of a page of runs: a selector, a time, saved views, and the parts of all that is selected. Every change is a new address. */
export function RunFilterBar({ view, hrefOf, counts, problem }: {
  view: RunsView;
  hrefOf: (view: RunsView) => string;
  counts: RunCounts | undefined;
  /** What is wrong with the selector of the address. */
  problem: Problem | undefined;
}) {
  const navigate = useNavigate();
  const show = (next: Partial<RunsView>) => void navigate({ href: hrefOf({ ...view, ...next, cursor: "" }) });
  const inTab = runTabs.some((tab) => sameStatuses(tab.statuses, view.statuses));
  return (
    <div role="search" aria-label="Filter runs">
      <div className={styles.bar}>
        <div className={styles.selector}>
          <SelectorBox
            label="Selector of runs"
            placeholder="team=etl and not env=dev"
            subject={SelectorSubject.RUNS}
            value={view.where}
            problem={problem}
            onApply={(where) => { show({ where }); }}
          />
          {view.where !== "" && (
            <IconButton label="Clear the selector" onClick={() => { show({ where: "" }); }}>
              <X size={14} />
            </IconButton>
          )}
        </div>
        <div className={styles.tools}>
          <TimeRangeButton where={view.where} onChange={(where) => { show({ where }); }} />
          <SavedViewsButton view={view} hrefOf={hrefOf} />
        </div>
        {!inTab && (
          <div className={styles.chosen}>
            {view.statuses.map((status) => (
              <FilterChip
                key={status}
                label={`status ${runStatusData(status).label}`}
                onRemove={() => { show({ statuses: view.statuses.filter((other) => other !== status) }); }}
              />
            ))}
          </div>
        )}
      </div>
      <div className={styles.tabs}>
        <Tabs
          label="Runs by status"
          tabs={runTabs.map(({ label, title, statuses }) => ({
            label,
            title,
            href: hrefOf({ ...view, statuses, cursor: "" }),
            current: sameStatuses(statuses, view.statuses),
            ...(counts === undefined ? {} : { count: grouped.format(sumCounts(counts, statuses)) }),
          }))}
        />
      </div>
    </div>
  );
}
