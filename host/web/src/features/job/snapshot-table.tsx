import { CircleCheck } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import type { JobNameText } from "@/domain/job/job-name";
import { featureStateData } from "@/domain/metadata/feature-state";
import { paths } from "@/domain/paths";
import { fieldTerm } from "@/domain/selector/selector-text";
import type { JobSnapshot } from "@/gen/penstock/host/v1/history_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { Badge, type StateLook } from "@/ui/badge";
import { CopyText } from "@/ui/copy-button";
import { Link } from "@/ui/link";
import { Table } from "@/ui/table";
import { Ago, Instant } from "@/ui/time";
import styles from "./history.module.css";
import type { PairPlaces } from "./snapshot-pair";

const current: StateLook = { label: "In use", tone: "good", icon: CircleCheck };

/** Snapshots, newest first; two of them are chosen to be compared. */
export function SnapshotTable({ name, snapshots, pair, onChoose }: {
  name: JobNameText;
  snapshots: readonly JobSnapshot[];
  pair: PairPlaces;
  onChoose: (side: "from" | "to", index: number) => void;
}) {
  return (
    <Table label="Snapshots, newest first" head={["Before", "After", "Snapshot", "First seen", "Last seen", "Code version", "Protocol", "Metadata", "Runs"]}>
      {snapshots.map((snapshot, index) => (
        <tr key={`${snapshot.id} ${instantMs(snapshot.firstSeenAt) ?? index}`}>
          {(["from", "to"] as const).map((side) => (
            <td key={side} className={styles.choice}>
              <input
                type="radio"
                name={side}
                aria-label={`${side === "from" ? "Compare with" : "Compare"} snapshot ${snapshot.id}, ${index + 1} of ${snapshots.length}`}
                checked={pair[side] === index}
                onChange={() => { onChoose(side, index); }}
              />
            </td>
          ))}
          <td>
            <span className={styles.inline}>
              <span className={styles.nowrap}>
                <CopyText text={snapshot.id} />
              </span>
              {snapshot.current && <Badge look={current} />}
            </span>
          </td>
          <td>
            <Seen ms={instantMs(snapshot.firstSeenAt)} />
          </td>
          <td>
            <Seen ms={instantMs(snapshot.lastSeenAt)} />
          </td>
          <td>
            <Change before={snapshot.firstServer?.build?.codeVersion} after={snapshot.lastServer?.build?.codeVersion} />
          </td>
          <td>
            <Change before={snapshot.firstServer?.protocolVersion} after={snapshot.lastServer?.protocolVersion} />
          </td>
          <td>
            <Metadata snapshot={snapshot} />
          </td>
          <td className={styles.nowrap}>
            <Link href={paths.jobRuns(name, { where: fieldTerm("snapshot", snapshot.id) })}>Its runs</Link>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Seen({ ms }: { ms: number | undefined }) {
  if (ms === undefined) return null;
  return (
    <span className={styles.seen}>
      <Ago ms={ms} />
      <span>
        <Instant ms={ms} />
      </span>
    </span>
  );
}

// A deploy that does not change the job leaves the snapshot as it is: two versions, one snapshot.
function Change({ before = "", after = "" }: { before: string | undefined; after: string | undefined }) {
  const texts = [...new Set([before, after].filter((text) => text !== ""))];
  if (texts.length === 0) return <span className={styles.aside}>not reported</span>;
  return (
    <span className={styles.versions}>
      {texts.map((text) => (
        <code key={text}>{inertText(text)}</code>
      ))}
    </span>
  );
}

function Metadata({ snapshot: { metadataState, metadataEntries } }: { snapshot: JobSnapshot }) {
  return (
    <span className={styles.inline}>
      <Badge look={featureStateData(metadataState)} />
      {metadataEntries > 0 && (
        <span className={styles.aside}>
          {plural(metadataEntries, "entry", "entries")}
          {metadataState === FeatureState.REFUSED && " withheld"}
        </span>
      )}
    </span>
  );
}
