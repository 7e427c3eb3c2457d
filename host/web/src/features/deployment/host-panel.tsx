import { useQuery } from "@connectrpc/connect-query";
import { Failure } from "@/domain/host/failure";
import { paths } from "@/domain/paths";
import { runStatuses } from "@/domain/run/run-status";
import { HostService } from "@/gen/penstock/host/v1/host_pb";
import { formatBytes } from "@/lib/bytes";
import { instantMs } from "@/lib/instant";
import { CopyText } from "@/ui/copy-button";
import { Link } from "@/ui/link";
import { Panel } from "@/ui/panel";
import { Loading } from "@/ui/states";
import { Facts } from "@/ui/table";
import { Ago } from "@/ui/time";
import { ConfigFilePanel } from "./config-file";
import styles from "./deployment.module.css";
import { useHostFeed } from "./host-feed";
import { PoolTable } from "./pool-table";
import { QueueLimits } from "./queue-limits";

/** The host: its queue, its version, its data, its configuration file. */
export function HostPanel() {
  useHostFeed();
  const { data, error, refetch } = useQuery(HostService.method.getHost, {});
  const host = data?.host;
  if (host === undefined) {
    return error === null ? <Loading what="the host" /> : <Failure doing="ask the host about itself" error={error} retry={() => void refetch()} />;
  }
  const started = instantMs(host.startedAt);
  return (
    <Panel title="Host">
      {host.queue !== undefined && (
        <div className={styles.numbers} role="group" aria-label="Queue">
          <Link href={paths.runs({ statuses: runStatuses.filter((data) => data.inProgress).map((data) => data.status) })} className={styles.number}>
            <strong>
              {host.queue.inProgress} / {limitText(host.queue.maxInProgress)}
            </strong>
            <span>runs in progress / at most</span>
          </Link>
          <Link href={paths.runs({ statuses: runStatuses.filter((data) => !data.final && !data.inProgress).map((data) => data.status) })} className={styles.number}>
            <strong>{host.queue.queued}</strong>
            <span>runs waiting</span>
          </Link>
          <div className={styles.number}>
            <strong>{formatBytes(host.dataBytes)}</strong>
            <span>stored</span>
          </div>
        </div>
      )}
      <QueueLimits limits={host.queue?.limits ?? []} />
      <PoolTable pools={host.queue?.pools ?? []} />
      <div className={styles.columns}>
        <Facts
          facts={[
            ["Version", <CopyText key="version" text={host.version} />],
            ["Commit", host.commit === "" ? undefined : <CopyText text={host.commit} />],
            ["Protocol", host.protocolVersion],
          ]}
        />
        <Facts
          facts={[
            ["Started", started === undefined ? undefined : <Ago ms={started} />],
            ["Workers reach it at", host.advertisedAddress === "" ? undefined : <CopyText text={host.advertisedAddress} />],
            ["Data directory", host.dataDirectory === "" ? undefined : <CopyText text={host.dataDirectory} />],
          ]}
        />
      </div>
      {host.config !== undefined && <ConfigFilePanel config={host.config} />}
    </Panel>
  );
}

function limitText(max: number): string {
  if (max < 0) return "no limit";
  return max === 0 ? "0 (nothing starts)" : String(max);
}
