import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { ArrowRight, Minus, PencilLine, Plus } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Failure } from "@/domain/host/failure";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { RefusalView } from "@/domain/metadata/metadata-view";
import type { SnapshotPair } from "@/domain/paths";
import { HistoryService, JobChangeKind, JobChangeSection, type DiffJobResponse, type JobChange, type JobSnapshot } from "@/gen/penstock/host/v1/history_pb";
import { Badge, type StateLook } from "@/ui/badge";
import { Note, Panel, Section } from "@/ui/panel";
import { Callout, Loading } from "@/ui/states";
import { Instant } from "@/ui/time";
import styles from "./history.module.css";

/** What is different between two snapshots of a job. */
export function SnapshotDiff({ name, pair }: { name: JobNameText; pair: SnapshotPair }) {
  const { data, error, isPlaceholderData, refetch } = useQuery(
    HistoryService.method.diffJob,
    { job: formatJobName(name), from: pair.from, to: pair.to },
    { placeholderData: keepPreviousData, staleTime: 30_000, retry: false },
  );
  return (
    <Panel title="What changed" padded={false}>
      {error !== null && (
        <div className={styles.more}>
          <Failure doing="compare the snapshots" error={error} retry={() => void refetch()} />
        </div>
      )}
      {data === undefined && error === null && <Loading what="what changed" />}
      {data !== undefined && error === null && (
        <div aria-busy={isPlaceholderData}>
          <p role="status" className="visually-hidden">
            {plural(data.changes.length + data.more, "change")}
          </p>
          <Sides diff={data} />
          <Changes diff={data} />
        </div>
      )}
    </Panel>
  );
}

function Sides({ diff: { from, to } }: { diff: DiffJobResponse }) {
  return (
    <div className={styles.sides}>
      <Side snapshot={from} />
      <ArrowRight size={15} aria-label="became" />
      <Side snapshot={to} />
    </div>
  );
}

function Side({ snapshot }: { snapshot: JobSnapshot | undefined }) {
  const seen = instantMs(snapshot?.firstSeenAt);
  const version = snapshot?.firstServer?.build?.codeVersion ?? "";
  return (
    <span className={styles.side}>
      <code>{snapshot?.id}</code>
      {version !== "" && (
        <span>
          code version <code>{inertText(version)}</code>
        </span>
      )}
      {seen !== undefined && (
        <span className={styles.aside}>
          <Instant ms={seen} />
        </span>
      )}
    </span>
  );
}

const sections: [section: JobChangeSection, title: string][] = [
  [JobChangeSection.METADATA, "Metadata"],
  [JobChangeSection.TAGS, "Tags"],
  [JobChangeSection.GRAPH, "Graph"],
  [JobChangeSection.CONFIG_SCHEMA, "Config schema"],
  [JobChangeSection.DESCRIPTION, "Description"],
];

function Changes({ diff }: { diff: DiffJobResponse }) {
  const { changes, metadataRefusal, more } = diff;
  const known = new Set(sections.map(([section]) => section));
  const others = changes.filter((change) => !known.has(change.section));
  const none = changes.length === 0;
  return (
    <>
      {none && (
        <div className={styles.more}>
          <Callout tone="info">
            {metadataRefusal === undefined
              ? "Nothing that this host knows is different between them."
              : "Apart from metadata, which cannot be compared, nothing that this host knows is different between them."}
          </Callout>
        </div>
      )}
      {metadataRefusal !== undefined && (
        <Section title="Metadata, not compared">
          <RefusalView refusal={metadataRefusal} />
        </Section>
      )}
      {sections.map(([section, title]) => (
        <ChangeSection key={section} title={title} changes={changes.filter((change) => change.section === section)} />
      ))}
      <ChangeSection title="Other" changes={others} />
      {more > 0 && (
        <div className={styles.more}>
          <Note>{plural(more, "more change is", "more changes are")} not listed.</Note>
        </div>
      )}
    </>
  );
}

function ChangeSection({ title, changes }: { title: string; changes: JobChange[] }) {
  if (changes.length === 0) return null;
  return (
    <Section title={`${title} (${changes.length})`}>
      <ul className={styles.changes}>
        {changes.map((change, index) => (
          <li key={index} className={styles.change}>
            <span className={styles.what}>
              <Badge look={kindLook(change.kind)} />
              {change.path !== "" && <code className={styles.path}>{inertText(change.path)}</code>}
            </span>
            <span className={styles.values}>
              {change.kind !== JobChangeKind.ADDED && <Value text={change.before} side="before" />}
              {change.kind !== JobChangeKind.ADDED && change.kind !== JobChangeKind.REMOVED && <ArrowRight size={13} aria-label="became" />}
              {change.kind !== JobChangeKind.REMOVED && <Value text={change.after} side="after" />}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Value({ text, side }: { text: string; side: "before" | "after" }) {
  if (text === "") return <span className={styles.aside}>(empty)</span>;
  const Tag = side === "before" ? "del" : "ins";
  return <Tag className={styles[side]}>{inertText(text)}</Tag>;
}

const added: StateLook = { label: "Added", tone: "good", icon: Plus };
const removed: StateLook = { label: "Removed", tone: "bad", icon: Minus };
const changed: StateLook = { label: "Changed", tone: "busy", icon: PencilLine };

function kindLook(kind: JobChangeKind): StateLook {
  if (kind === JobChangeKind.ADDED) return added;
  return kind === JobChangeKind.REMOVED ? removed : changed;
}
