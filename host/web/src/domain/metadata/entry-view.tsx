import { BookOpen } from "lucide-react";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { formatBytes } from "@/lib/bytes";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import type { AssetKey, CodeReference, Entry, JobReference } from "@/gen/penstock/metadata/v1/metadata_pb";
import { CopyButton, CopyText } from "@/ui/copy-button";
import { JsonTree } from "@/ui/json-tree";
import { Link, UserLink } from "@/ui/link";
import { Markdown } from "@/ui/markdown";
import { ShortOrDialog } from "@/ui/more";
import { Note } from "@/ui/panel";
import { Instant } from "@/ui/time";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { RunLink } from "@/domain/run/run-link";
import { readEntry, type KnownValue } from "./entry-value";
import styles from "./metadata.module.css";
import { FloatView, IntView } from "./number-view";
import { TableSchemaView, TableView } from "./table-view";

// What is longer opens as a dialog.
const longText = 1_000;
const longJson = 400;

/** The place that metadata belongs to: a job reference that leaves parts out means this one's. */
export interface Home {
  location: string;
  repository: string;
}

/** An entry's value. A kind that this page does not know shows its text, and says so. */
export function EntryView({ entry, home }: { entry: Entry; home: Home }) {
  const read = readEntry(entry);
  if (read.known) return <Value entry={entry} value={read.value} home={home} />;
  return (
    <>
      <span className={styles.text}>{read.text === "" ? "(no text)" : inertText(read.text)}</span>
      <Note>
        The kind “{read.kind}” needs a newer host; this is the text that came with it. Nothing of the value is lost.
      </Note>
    </>
  );
}

function Value({ entry, value, home }: { entry: Entry; value: KnownValue; home: Home }) {
  switch (value.case) {
    case "text":
      return (
        <ShortOrDialog title={entry.key} source={value.value} long={value.value.length > longText} summary={`Show text (${formatBytes(value.value.length)})`}>
          <span className={styles.text}>{inertText(value.value)}</span>
        </ShortOrDialog>
      );
    case "url":
      return (
        <span className={styles.inline}>
          <UserLink href={value.value} />
          <CopyButton text={value.value} label="Copy the address" />
        </span>
      );
    case "path":
      return (
        <span className={styles.inline}>
          {entry.kind === "notebook" && <BookOpen size={14} aria-label="Notebook" />}
          <CopyText text={value.value} />
        </span>
      );
    case "json":
      return (
        <ShortOrDialog title={entry.key} source={value.value} long={value.value.length > longJson} summary={`Show JSON (${formatBytes(value.value.length)})`}>
          <JsonTree text={value.value} openTo={2} />
        </ShortOrDialog>
      );
    case "markdown":
      return (
        <ShortOrDialog title={entry.key} source={value.value} long={value.value.length > longText} summary={`Show Markdown (${formatBytes(value.value.length)})`}>
          <Markdown source={value.value} />
        </ShortOrDialog>
      );
    case "int":
      return <IntView digits={value.value.toString()} />;
    case "bigInt":
      return <IntView digits={value.value} />;
    case "float":
      return <FloatView value={value.value} />;
    case "bool":
      return <code>{String(value.value)}</code>;
    case "null":
      return <code>null</code>;
    case "timestamp":
      return <Instant ms={instantMs(value.value) ?? Number.NaN} />;
    case "table":
      return <TableView name={entry.key} table={value.value} />;
    case "tableSchema":
      return <TableSchemaView schema={value.value} />;
    case "code":
      return <CodeView code={value.value} />;
    case "runId":
      return <RunLink id={value.value} />;
    case "job":
      return <JobView job={value.value} home={home} />;
    case "asset":
      return <AssetView asset={value.value} />;
    default:
      return assertUnreachable(value);
  }
}

function CodeView({ code }: { code: CodeReference }) {
  const symbol = [code.module, code.symbol].filter((part) => part !== "").join(".");
  const place = code.file === "" ? "" : code.line > 0 ? `${code.file}:${code.line}` : code.file;
  return (
    <span className={styles.stack}>
      {code.repositoryUrl === "" ? (
        <code className={styles.wrap}>{symbol}</code>
      ) : (
        <UserLink href={code.repositoryUrl}>
          <code>{symbol}</code>
        </UserLink>
      )}
      {place !== "" && <code className={styles.aside}>{place}</code>}
    </span>
  );
}

function JobView({ job, home }: { job: JobReference; home: Home }) {
  const name = {
    location: job.location === "" ? home.location : job.location,
    repository: job.repository === "" ? home.repository : job.repository,
    job: job.job,
  };
  return (
    <Link href={paths.job(name)} title={formatJobName(name)}>
      {job.job}
    </Link>
  );
}

function AssetView({ asset }: { asset: AssetKey }) {
  return (
    <ol className={styles.asset} aria-label={`Asset ${asset.path.join("/")}`}>
      {asset.path.map((part, index) => (
        <li key={index}>
          <code>{part}</code>
        </li>
      ))}
    </ol>
  );
}
