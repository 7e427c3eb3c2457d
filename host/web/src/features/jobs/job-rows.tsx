import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { plural } from "@/lib/plural";
import { nextByJob, type JobAutomation } from "@/domain/automation/next-by-job";
import { useAutomationFeed, useAutomations } from "@/domain/automation/use-automations";
import type { JobLine } from "@/domain/job/job-list";
import { formatJobName } from "@/domain/job/job-name";
import { JobRow } from "./job-row";
import styles from "./job-rows.module.css";
import { LocationRow } from "./location-row";
import { useLatestRunsFeed } from "./latest-runs";

// Below this all lines are there: the browser's own search finds them, and printing works.
const virtualFrom = 200;

/** Locations, repositories and jobs as lines; only those in sight are rendered when there are many. */
export function JobRows({ lines }: { lines: JobLine[] }) {
  useLatestRunsFeed();
  useAutomationFeed();
  const { data } = useAutomations();
  const next = useMemo(() => nextByJob(data?.automations ?? []), [data]);
  if (lines.length < virtualFrom) {
    return (
      <div className={styles.rows} role="list" aria-label="Jobs">
        {lines.map((line) => (
          <div role="listitem" key={line.key}>
            <Line line={line} next={next} />
          </div>
        ))}
      </div>
    );
  }
  return <VirtualRows lines={lines} next={next} />;
}

function VirtualRows({ lines, next }: { lines: JobLine[]; next: ReadonlyMap<string, JobAutomation> }) {
  const list = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    setOffset(list.current?.offsetTop ?? 0);
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: lines.length,
    estimateSize: () => 40,
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => lines[index]?.key ?? index,
  });
  return (
    <div ref={list} className={styles.rows} role="list" aria-label="Jobs" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
      {virtualizer.getVirtualItems().map((item) => {
        const line = lines[item.index];
        return line === undefined ? null : (
          <div
            role="listitem"
            key={item.key}
            ref={virtualizer.measureElement}
            data-index={item.index}
            aria-posinset={item.index + 1}
            aria-setsize={lines.length}
            className={styles.placed}
            style={{ transform: `translateY(${item.start - offset}px)` }}
          >
            <Line line={line} next={next} />
          </div>
        );
      })}
    </div>
  );
}

function Line({ line, next }: { line: JobLine; next: ReadonlyMap<string, JobAutomation> }) {
  switch (line.kind) {
    case "location":
      return <LocationRow name={line.name} location={line.location} />;
    case "repository":
      return (
        <div className={styles.repository}>
          <h3>{line.name}</h3>
          <span>{plural(line.jobs, "job")}</span>
        </div>
      );
    case "job":
      return <JobRow job={line.job} automation={line.job.name === undefined ? undefined : next.get(formatJobName(line.job.name))} />;
    default:
      return assertUnreachable(line);
  }
}
