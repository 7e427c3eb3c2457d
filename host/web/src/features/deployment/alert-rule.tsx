import { useMutation } from "@connectrpc/connect-query";
import { CircleCheck, CircleX, Clock, Send } from "lucide-react";
import { Failure } from "@/domain/host/failure";
import { paths, runsWhere } from "@/domain/paths";
import { shortRunId } from "@/domain/run/run-id";
import { AlertService, type AlertDelivery, type AlertRule } from "@/gen/penstock/host/v1/alert_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Badge, type StateLook } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Link } from "@/ui/link";
import { Note } from "@/ui/panel";
import { Callout } from "@/ui/states";
import { CodeBlock, Table } from "@/ui/table";
import { Ago } from "@/ui/time";
import styles from "./alerts.module.css";

/** A rule: which runs, what about them, where to; its last messages; and a way to try it out. */
export function AlertRuleView({ rule }: { rule: AlertRule }) {
  const { name, when, about, target, waiting, deliveries } = rule;
  const test = useMutation(AlertService.method.testAlert);
  return (
    <li className={styles.rule}>
      <div className={styles.line}>
        <strong>{inertText(name)}</strong>
        <Link href={paths.runs(runsWhere(when))}>
          <code>{when === "" ? "every run" : inertText(when)}</code>
        </Link>
        <span className={styles.aside}>
          {inertText(about)}, to {inertText(target)}
        </span>
        {waiting > 0 && <Badge look={waits} label={`${plural(waiting, "message")} waiting`} />}
        <span className={styles.actions}>
          <Button small icon={<Send size={12} aria-hidden />} disabled={test.isPending} aria-label={`Send a test message: ${name}`} onClick={() => { test.mutate({ name }); }}>
            {test.isPending ? "Sending…" : "Test"}
          </Button>
        </span>
      </div>
      {test.error !== null && <Failure doing="test the alert" error={test.error} />}
      {test.data !== undefined && (
        <Callout tone={test.data.error === "" ? "info" : "bad"} title={test.data.error === "" ? "The test message was delivered" : inertText(test.data.error)} live>
          {test.data.body !== "" && (
            <details>
              <summary>What was sent</summary>
              <CodeBlock wrap label="Body of the message" text={test.data.body} />
            </details>
          )}
        </Callout>
      )}
      {deliveries.length === 0 ? (
        <Note>No message was due yet.</Note>
      ) : (
        <Table label={`Last messages of ${name}`} head={["Message", "Run", "Due", "Tries", "Error"]}>
          {deliveries.map((delivery, index) => (
            <Delivery key={index} delivery={delivery} />
          ))}
        </Table>
      )}
    </li>
  );
}

const delivered: StateLook = { label: "Delivered", tone: "good", icon: CircleCheck };
const givenUp: StateLook = { label: "Given up", tone: "bad", icon: CircleX };
const waits: StateLook = { label: "Waits for its next try", tone: "warn", icon: Clock };

function Delivery({ delivery: { runId, dueAt, deliveredAt, tries, error, givenUp: isGivenUp } }: { delivery: AlertDelivery }) {
  const due = instantMs(dueAt);
  return (
    <tr>
      <td className={styles.nowrap}>
        <Badge look={deliveredAt !== undefined ? delivered : isGivenUp ? givenUp : waits} />
      </td>
      <td>
        {runId !== "" && (
          <Link href={paths.run(runId)} title={runId}>
            <code>{shortRunId(runId)}</code>
          </Link>
        )}
      </td>
      <td className={styles.nowrap}>{due !== undefined && <Ago ms={due} />}</td>
      <td>{tries}</td>
      <td className={styles.error}>{inertText(error)}</td>
    </tr>
  );
}
