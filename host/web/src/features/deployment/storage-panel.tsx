import type { GetStorageResponse, RetentionPass, RetentionRule } from "@/gen/penstock/host/v1/storage_pb";
import { formatBytes } from "@/lib/bytes";
import { formatDuration } from "@/lib/duration";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Failure } from "@/domain/host/failure";
import { isOlderHost } from "@/domain/host/host-error";
import { useStorage } from "@/domain/host/use-storage";
import { paths } from "@/domain/paths";
import { CopyText } from "@/ui/copy-button";
import { Link } from "@/ui/link";
import { Note, Panel, Subtitle } from "@/ui/panel";
import { Callout, Loading } from "@/ui/states";
import { Facts, Table } from "@/ui/table";
import { Ago, Elapsed } from "@/ui/time";
import styles from "./deployment.module.css";

/** What the host stores: its files, what is free, and how long runs are kept. */
export function StoragePanel() {
  const { data, error, refetch } = useStorage();
  if (isOlderHost(error)) return null;
  if (data === undefined) {
    return error === null ? <Loading what="what is stored" /> : <Failure doing="ask the host what it stores" error={error} retry={() => void refetch()} />;
  }
  const bytes = data.files.reduce((sum, file) => sum + file.bytes, 0n);
  return (
    <Panel title="Storage">
      {data.readOnly !== "" && (
        <div className={styles.messages}>
          <Callout tone="bad" title="The host is read-only">
            <p>{inertText(data.readOnly)}</p>
          </Callout>
        </div>
      )}
      <div className={styles.numbers} role="group" aria-label="Stored">
        <Link href={paths.runs()} className={styles.number}>
          <strong>{data.runs.toLocaleString("en")}</strong>
          <span>runs</span>
        </Link>
        <div className={styles.number}>
          <strong>{formatBytes(bytes)}</strong>
          <span>in {plural(data.files.length, "file")}</span>
        </div>
        <div className={styles.number}>
          <strong>{formatBytes(data.diskFree)}</strong>
          <span>free on the disk</span>
        </div>
      </div>
      <div className={styles.columns}>
        <div>
          <Facts
            facts={[
              ["Directory", data.directory === "" ? undefined : <CopyText text={data.directory} />],
              ["Format", String(data.format)],
            ]}
          />
          <Files files={data.files} />
        </div>
        <Retention storage={data} />
      </div>
    </Panel>
  );
}

function Files({ files }: { files: GetStorageResponse["files"] }) {
  if (files.length === 0) return null;
  return (
    <div className={styles.files}>
      <Table label="Files" head={["File", "Size", "Free in it"]}>
        {files.map((file) => (
          <tr key={file.name}>
            <td>
              <code>{inertText(file.name)}</code>
            </td>
            <td className={styles.time}>{formatBytes(file.bytes)}</td>
            <td className={styles.time}>{formatBytes(file.free)}</td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

function Retention({ storage: { rules, keepLastPerJob, lastPass } }: { storage: GetStorageResponse }) {
  return (
    <div role="group" aria-label="Retention" className={styles.retention}>
      <Subtitle>How long runs are kept</Subtitle>
      {rules.length === 0 && <Note>All runs are kept: the configuration has no rules of retention.</Note>}
      {rules.length > 0 && (
        <>
          <Table label="Rules of retention" head={["Runs", "Kept after their end"]}>
            {rules.map((rule, index) => (
              <tr key={index}>
                <td>{rule.where === "" ? "all others" : <Link href={paths.runs({ where: rule.where })}><code>{inertText(rule.where)}</code></Link>}</td>
                <td className={styles.time}>{keepText(rule)}</td>
              </tr>
            ))}
          </Table>
          <Note>
            The first rule that selects a run decides.{keepLastPerJob > 0 && ` The last ${plural(keepLastPerJob, "run")} of each job are kept whatever the rules say.`}
          </Note>
        </>
      )}
      {lastPass !== undefined && <LastPass pass={lastPass} />}
    </div>
  );
}

function keepText({ keep }: RetentionRule): string {
  return keep === undefined ? "for ever" : formatDuration(Number(keep.seconds) * 1000 + keep.nanos / 1e6);
}

function LastPass({ pass }: { pass: RetentionPass }) {
  const started = instantMs(pass.startedAt);
  const ended = instantMs(pass.endedAt);
  return (
    <>
      <Facts
        facts={[
          ["Last pass", started === undefined ? undefined : <Ago ms={started} />],
          ["It took", started === undefined ? undefined : <><Elapsed from={started} to={ended} />{ended === undefined && " so far"}</>],
          ["Deleted", plural(Number(pass.deleted), "run")],
        ]}
      />
      {pass.error !== "" && (
        <Callout tone="warn" title="It ended early">
          <p>{inertText(pass.error)}</p>
        </Callout>
      )}
    </>
  );
}
