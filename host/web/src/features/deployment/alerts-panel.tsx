import { useQuery } from "@connectrpc/connect-query";
import { Failure } from "@/domain/host/failure";
import { isOlderHost } from "@/domain/host/host-error";
import { AlertService } from "@/gen/penstock/host/v1/alert_pb";
import { Note, Panel } from "@/ui/panel";
import { Loading } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import { AlertRuleView } from "./alert-rule";
import styles from "./alerts.module.css";

// No stream tells of deliveries; they are asked for again while the page is seen.
const restMs = 10_000;

/** Rules of the configuration that send messages about runs, and what became of the last messages. */
export function AlertsPanel() {
  const { data, error, refetch } = useQuery(AlertService.method.listAlerts, {}, {
    retry: false,
    refetchInterval: ({ state: { status } }) => (status === "error" ? false : restMs),
  });
  if (isOlderHost(error)) return null;
  return (
    <div id="alerts" className={styles.anchor}>
      <Panel title="Alerts">
        {error !== null && <Failure doing="list alerts" error={error} retry={() => void refetch()} />}
        {data === undefined && error === null && <Loading what="alerts" />}
        {data?.rules.length === 0 && (
          <div className={styles.stack}>
            <Note>None is set. A message about runs is sent to a webhook or by mail when the configuration file has a rule:</Note>
            <CodeBlock label="Configuration" text={'notify:\n  - name: etl-failures\n    when: "status=failure and team=etl"\n    url: https://hooks.example.org/…'} />
          </div>
        )}
        <ul className={styles.rules}>
          {(data?.rules ?? []).map((rule) => (
            <AlertRuleView key={rule.name} rule={rule} />
          ))}
        </ul>
      </Panel>
    </div>
  );
}
