import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import type { JobMetadataView } from "@/gen/penstock/host/v1/job_pb";
import { FeatureState, type Refusal } from "@/gen/penstock/host/v1/refusal_pb";
import type { Entry } from "@/gen/penstock/metadata/v1/metadata_pb";
import { Badge } from "@/ui/badge";
import { CopyText } from "@/ui/copy-button";
import { UserLink } from "@/ui/link";
import { Note, Section } from "@/ui/panel";
import { Callout } from "@/ui/states";
import { Facts } from "@/ui/table";
import { EntryView, type Home } from "./entry-view";
import { featureStateData } from "./feature-state";
import styles from "./metadata.module.css";

/** A job's metadata in its state. It is never silently empty: what is withheld is said, with the reason and what to do. */
export function MetadataSection({ metadata, home, asOf }: {
  metadata: JobMetadataView | undefined;
  home: Home;
  /** Set where the metadata is of another moment than now, for example "as of launch". */
  asOf?: string;
}) {
  const state = metadata?.state ?? FeatureState.UNSPECIFIED;
  const look = featureStateData(state);
  const plain = state === FeatureState.SHOWN || state === FeatureState.EMPTY;
  return (
    <Section title={asOf === undefined ? look.title : `${look.title}, ${asOf}`} actions={plain ? undefined : <Badge look={look} />}>
      <div className={styles.refusal}>
        {metadata !== undefined && metadata.notice !== "" && <Callout tone={state === FeatureState.STALE ? "warn" : "info"}>{metadata.notice}</Callout>}
        {metadata?.content.case === "shown" && metadata.content.value.entries.length > 0 && (
          <MetadataList entries={metadata.content.value.entries} home={home} />
        )}
        {metadata?.content.case === "shown" && metadata.content.value.entries.length === 0 && (
          <Note>{asOf === undefined ? "This job has no metadata." : "This job had no metadata."}</Note>
        )}
        {metadata?.content.case === "refusal" && <RefusalView refusal={metadata.content.value} />}
        {metadata?.content.case === undefined && <Note>The host says nothing of this job&apos;s metadata in a way that this page knows.</Note>}
      </div>
    </Section>
  );
}

/** Keys and values, in the author's order. */
export function MetadataList({ entries, home }: { entries: Entry[]; home: Home }) {
  return (
    <dl className={styles.list}>
      {entries.map((entry) => (
        <div key={entry.key}>
          <dt>{inertText(entry.key)}</dt>
          <dd>
            <EntryView entry={entry} home={home} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Why something is not shown: what was reported, what is required, what to do. */
export function RefusalView({ refusal, brief = false }: {
  refusal: Refusal;
  /** The versions are shown on request: the message names them. */
  brief?: boolean;
}) {
  // What is refused to a whole location withholds no particular entries.
  const withheld = refusal.withheld ?? 0;
  const facts = (
    <Facts
      facts={[
        ["Reported", refusal.reported === "" ? undefined : <CopyText text={refusal.reported} />],
        ["Required", refusal.required === "" ? undefined : <CopyText text={refusal.required} />],
        ["This host", refusal.hostVersion === "" ? undefined : <CopyText text={refusal.hostVersion} />],
        ["Withheld", withheld === 0 ? undefined : plural(withheld, "entry", "entries")],
        ["Code", refusal.code === "" ? undefined : <CopyText text={refusal.code} />],
        ["Server", refusal.serverId === "" ? undefined : <CopyText text={refusal.serverId} />],
      ]}
    />
  );
  return (
    <Callout tone="warn" title={refusal.message}>
      {refusal.remedy !== "" && <p>{refusal.remedy}</p>}
      {brief ? (
        <details>
          <summary className={styles.target}>Versions</summary>
          {facts}
        </details>
      ) : (
        facts
      )}
      {refusal.docsUrl !== "" && (
        <p className={styles.target}>
          <UserLink href={refusal.docsUrl}>Documentation</UserLink>
        </p>
      )}
    </Callout>
  );
}
