import { ArrowRightLeft, CircleCheck, CircleDashed, Hourglass } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { onlyInUse, shortServerId } from "@/domain/location/replica";
import type { Location, Replica } from "@/gen/penstock/host/v1/location_pb";
import type { ServerInfo } from "@/gen/penstock/usercode/v1/server_info_pb";
import { Badge, type StateLook } from "@/ui/badge";
import { Note, Subtitle } from "@/ui/panel";
import { Table } from "@/ui/table";
import { Ago, Instant } from "@/ui/time";
import styles from "./deployment.module.css";

/** Replicas of a location have different code. */
export const mixedLook: StateLook = { label: "Mixed", tone: "busy", icon: ArrowRightLeft };
/** A server was told to end and waits for its runs. */
export const drainingLook: StateLook = { label: "Draining", tone: "warn", icon: Hourglass };
const inUse: StateLook = { label: "In use", tone: "good", icon: CircleCheck };
const other: StateLook = { label: "Not in use", tone: "calm", icon: CircleDashed };

/** The server processes behind a location's address; nothing when all that can be said of them is beside it. */
export function ReplicaTable({ location }: { location: Location }) {
  const { replicas, mixed } = location;
  const one = replicas.length === 1 && replicas.every((replica) => replica.inUse && replica.server?.draining !== true);
  if (replicas.length === 0 || (one && !mixed)) return null;
  return (
    <div className={styles.replicas}>
      <Subtitle>Servers behind the address: {replicas.length}</Subtitle>
      {mixed && (
        <Note>
          {onlyInUse(location)
            ? "Mixed: a server with other definitions, another version or other capabilities answered less than a minute ago."
            : "Mixed: they answer with different definitions, versions or capabilities, as they do while a deploy is under way."}{" "}
          Jobs are shown as the servers in use have them; a run starts on a server that has its job&apos;s definition.
        </Note>
      )}
      <Table label="Servers" head={["Server", "Address", "Protocol", "Code version", "State", "First seen", "Answered"]}>
        {replicas.map((replica, index) => (
          <ReplicaRow key={`${replica.server?.serverId ?? ""} ${replica.address} ${index}`} replica={replica} />
        ))}
      </Table>
    </div>
  );
}

function ReplicaRow({ replica: { server, address, inUse: used, firstSeenAt, answeredAt } }: { replica: Replica }) {
  const [seen, answered] = [instantMs(firstSeenAt), instantMs(answeredAt)];
  return (
    <tr>
      <td>
        <code title={server?.serverId}>{inertText(shortServerId(server?.serverId ?? ""))}</code>
      </td>
      <td>
        <code>{address}</code>
      </td>
      <td>
        <code>{inertText(server?.protocolVersion ?? "")}</code>
      </td>
      <td>
        <code className={styles.version}>{inertText(server?.build?.codeVersion ?? "")}</code>
      </td>
      <td>
        <span className={styles.state}>
          <Badge look={used ? inUse : other} />
          {server?.draining === true && (
            <>
              <Badge look={drainingLook} />
              <DrainText server={server} />
            </>
          )}
        </span>
      </td>
      <td className={styles.time}>{seen !== undefined && <Ago ms={seen} />}</td>
      <td className={styles.time}>{answered !== undefined && <Ago ms={answered} />}</td>
    </tr>
  );
}

function DrainText({ server }: { server: ServerInfo }) {
  const until = instantMs(server.drainDeadline);
  return (
    <span>
      {server.liveWorkers === 0 ? "waits for nothing more" : `waits for ${plural(server.liveWorkers, "run")}`}
      {until !== undefined && server.liveWorkers > 0 && (
        <>
          {" "}
          until <Instant ms={until} />
        </>
      )}
    </span>
  );
}
