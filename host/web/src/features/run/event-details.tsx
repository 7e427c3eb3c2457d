import { durationMs } from "@bufbuild/protobuf/wkt";
import { X } from "lucide-react";
import { failureOf, type EventRow } from "@/domain/run/event-row";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { formatDuration } from "@/lib/duration";
import { IconButton } from "@/ui/button";
import { CodeBlock, Facts } from "@/ui/table";
import { Instant } from "@/ui/time";
import { EventParts } from "./event-parts";
import { FailureDetails } from "./failure-details";
import styles from "./event-list.module.css";

/** All of one event. */
export function EventDetails({ row, run, onClose }: { row: EventRow; run: Run; onClose: () => void }) {
  const { stored } = row;
  const detail = stored.event?.detail;
  const home = { location: run.job?.location ?? "", repository: run.job?.repository ?? "" };
  const duration = detail?.case === "opFinished" ? detail.value.duration : undefined;
  const retryAfter = detail?.case === "opFinished" ? detail.value.retryAfter : undefined;
  return (
    <section className={styles.details} aria-label="The chosen event">
      <header className={styles.detailsHead}>
        <h3>
          {row.kind} {row.opPath !== "" && <code>{row.opPath}</code>}
        </h3>
        <IconButton label="Close the event" small onClick={onClose}>
          <X size={14} />
        </IconButton>
      </header>
      <div className={styles.detailsBody}>
        <CodeBlock text={row.message} wrap label="Message" />
        {failureOf(stored) !== undefined && <FailureDetails row={row} said={row.message} />}
        <EventParts stored={stored} home={home} />
        <Facts
          facts={[
            ["Time", row.ms === undefined ? undefined : <Instant ms={row.ms} />],
            ["Duration", duration === undefined ? undefined : formatDuration(durationMs(duration))],
            ["Runs again after", retryAfter === undefined ? undefined : formatDuration(durationMs(retryAfter))],
            ["Place", stored.seq === 0n ? `the host, attempt ${stored.attempt}` : `event ${stored.seq.toString()} of attempt ${stored.attempt}`],
            ["Op attempt", (stored.event?.opAttempt ?? 0) > 1 ? String(stored.event?.opAttempt) : undefined],
          ]}
        />
      </div>
    </section>
  );
}
