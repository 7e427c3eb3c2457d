import { paths } from "@/domain/paths";
import { runStatuses } from "@/domain/run/run-status";
import { tagTerm, withTerm } from "@/domain/selector/selector-text";
import type { QueueLimit } from "@/gen/penstock/host/v1/host_pb";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { Link } from "@/ui/link";
import { Note, Subtitle } from "@/ui/panel";
import { Table } from "@/ui/table";
import styles from "./deployment.module.css";

const open = runStatuses.filter((data) => !data.final).map((data) => data.status);

/** The limits of the queue beside that of all runs, and who takes their slots. */
export function QueueLimits({ limits }: { limits: readonly QueueLimit[] }) {
  if (limits.length === 0) return null;
  return (
    <div role="group" aria-label="Limits of the queue" className={styles.limits}>
      <Subtitle>Limits of the queue</Subtitle>
      <Table label="Limits of the queue" head={["Runs", "In progress", "At most", "Waiting"]}>
        {limits.flatMap((limit, index) => [
          <tr key={index}>
            <td>
              <Link href={paths.runs({ where: ofLimit(limit), statuses: open })}>
                <code>{inertText(limit.name)}</code>
              </Link>
            </td>
            <td className={styles.time}>{limit.inProgress}</td>
            <td className={styles.time}>{limit.each === "" ? limit.atMost : `${limit.atMost} each`}</td>
            <td className={styles.time}>{limit.waiting}</td>
          </tr>,
          ...limit.values.map(({ value, inProgress, waiting }) => (
            <tr key={`${index} ${value}`} className={styles.value}>
              <td>
                <Link href={paths.runs({ where: withTerm(limit.where, tagTerm({ key: limit.each, value })), statuses: open })}>
                  <code>{inertText(value === "" ? `${limit.each} without a value` : value)}</code>
                </Link>
              </td>
              <td className={styles.time}>{inProgress}</td>
              <td className={styles.time}>{limit.atMost}</td>
              <td className={styles.time}>{waiting}</td>
            </tr>
          )),
          limit.valueCount > limit.values.length && (
            <tr key={`${index} others`} className={styles.value}>
              <td colSpan={4}>and {plural(limit.valueCount - limit.values.length, "value")} with fewer runs</td>
            </tr>
          ),
        ])}
      </Table>
      <Note>A run starts when each limit that counts it has room. They are set in the configuration file, under queue.limits.</Note>
    </div>
  );
}

/** The selector of the runs that a limit counts. */
function ofLimit({ where, each }: QueueLimit): string {
  return each === "" ? where : withTerm(where, `tag:${each}`);
}
