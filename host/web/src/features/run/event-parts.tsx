import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Home } from "@/domain/metadata/entry-view";
import { MetadataList } from "@/domain/metadata/metadata-view";
import { paths, runsWithTag } from "@/domain/paths";
import { progressPart, progressText } from "@/domain/run/op-progress";
import { RunLink } from "@/domain/run/run-link";
import { TagChip } from "@/domain/run/tag-chip";
import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import type { MapExpanded, Output } from "@/gen/penstock/worker/v1/worker_pb";
import { formatBytes, hex } from "@/lib/bytes";
import { formatDuration } from "@/lib/duration";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { CopyText } from "@/ui/copy-button";
import { Note } from "@/ui/panel";
import { ProgressBar } from "@/ui/progress-bar";
import { Facts } from "@/ui/table";
import styles from "./event-list.module.css";

/** What an event holds beyond its message, by its kind; nothing for kinds that hold no more. */
export function EventParts({ stored, home }: { stored: StoredEvent; home: Home }) {
  const detail = stored.event?.detail;
  switch (detail?.case) {
    case "log":
      return detail.value.attributes.length > 0 && <MetadataList entries={detail.value.attributes} home={home} />;
    case "note":
      return detail.value.entries.length > 0 && <MetadataList entries={detail.value.entries} home={home} />;
    case "output":
      return <OutputParts output={detail.value} home={home} />;
    case "progress": {
      const text = progressText(detail.value);
      return <ProgressBar part={progressPart(detail.value) ?? 0} label={text} />;
    }
    case "tagsAdded":
      return (
        <ul className={styles.chips} aria-label="Tags">
          {detail.value.tags.map((tag) => (
            <li key={tag.key}>
              <TagChip tag={tag} href={paths.runs(runsWithTag(tag))} note="Click to see all runs with this tag" />
            </li>
          ))}
        </ul>
      );
    case "mapExpanded":
      return <MapParts map={detail.value} />;
    case "resource": {
      const { name, duration } = detail.value;
      return <Facts facts={[["Resource", <code key="name">{inertText(name)}</code>], ["It took", duration === undefined ? undefined : formatDuration(durationMs(duration))]]} />;
    }
    case "runStarted":
    case "runFinished":
    case "opStarted":
    case "opFinished":
    case "captured":
    case undefined:
    default:
      return null;
  }
}

function OutputParts({ output, home }: { output: Output; home: Home }) {
  const { name, size, codec, digest, address, notStored, reusedFrom, metadata } = output;
  return (
    <>
      <Facts
        facts={[
          ["Output", name === "" ? undefined : <code>{inertText(name)}</code>],
          ["Stored", notStored === "" ? "yes" : `no: ${inertText(notStored)}`],
          ["Reused from", reusedFrom === "" ? undefined : <RunLink id={reusedFrom} />],
          ["Size", notStored === "" ? formatBytes(size) : undefined],
          ["Codec", codec === "" ? undefined : <code>{inertText(codec)}</code>],
          ["SHA-256", digest.length === 0 ? undefined : <CopyText text={hex(digest)} />],
          ["Address", address === "" ? undefined : <CopyText text={address} />],
        ]}
      />
      {metadata.length > 0 && <MetadataList entries={metadata} home={home} />}
    </>
  );
}

// Enough to see what the keys are like.
const mostKeys = 50;

function MapParts({ map: { opPaths, keys, total } }: { map: MapExpanded }) {
  return (
    <>
      <Facts
        facts={[
          ["Ops", <code key="ops">{opPaths.map(inertText).join(", ")}</code>],
          ["Instances", total.toLocaleString("en")],
          ["Keys", keys.length === 0 ? undefined : <code>{keys.slice(0, mostKeys).map(inertText).join(", ")}</code>],
        ]}
      />
      {keys.length > mostKeys && <Note>{plural(keys.length - mostKeys, "more key", "more keys")} in this event.</Note>}
    </>
  );
}
