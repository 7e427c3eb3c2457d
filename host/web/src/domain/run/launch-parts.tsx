import { formatBytes } from "@/lib/bytes";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import type { MissingInput, PreviewRunResponse, TakenOutput } from "@/gen/penstock/host/v1/run_pb";
import { Subtitle } from "@/ui/panel";
import { Callout } from "@/ui/states";
import { Table } from "@/ui/table";
import { shortRunId } from "./run-id";
import { Link } from "@/ui/link";
import { paths } from "@/domain/paths";
import styles from "./launch-parts.module.css";

/** What a launch executes, op by op. */
export function ExecutedOps({ preview, all }: {
  preview: PreviewRunResponse;
  /** How many ops the job has; undefined where that is not known. */
  all?: number;
}) {
  const { opPaths } = preview;
  const count = all === undefined ? plural(opPaths.length, "op") : opPaths.length === all ? `all ${plural(all, "op")}` : `${opPaths.length.toLocaleString("en")} of ${plural(all, "op")}`;
  return (
    <details>
      <summary>{count}</summary>
      <ul className={styles.ops}>
        {opPaths.slice(0, mostRows).map((path) => (
          <li key={path}>
            <code>{path}</code>
          </li>
        ))}
        {opPaths.length > mostRows && <li>and {plural(opPaths.length - mostRows, "more", "more")}</li>}
      </ul>
    </details>
  );
}

/** What a launch takes from other runs, what it lacks, and how the job has changed since the run that it executes again. */
export function LaunchParts({ preview }: { preview: PreviewRunResponse }) {
  const { definitionChanges, missingInputs, takenOutputs, notes } = preview;
  return (
    <>
      {notes.map((note) => (
        <Callout key={note} tone="info">
          {note}
        </Callout>
      ))}
      {definitionChanges.length > 0 && (
        <Callout tone="warn" title="The job is not what the run executed">
          <ul className={styles.changes}>
            {definitionChanges.map((change) => (
              <li key={change}>{inertText(change)}</li>
            ))}
          </ul>
        </Callout>
      )}
      {missingInputs.length > 0 && <Missing missing={missingInputs} />}
      {takenOutputs.length > 0 && <Taken outputs={takenOutputs} />}
    </>
  );
}

// More are counted only: thousands of instances are no list to read.
const mostRows = 200;

function Missing({ missing }: { missing: MissingInput[] }) {
  return (
    <div>
      <Subtitle>Inputs that nothing gives</Subtitle>
      <Table label="Inputs that nothing gives" head={["Op", "Input", "Would come from"]}>
        {missing.slice(0, mostRows).map(({ opPath, input, fromOpPath }) => (
          <tr key={`${opPath} ${input} ${fromOpPath}`}>
            <td>
              <code>{opPath}</code>
            </td>
            <td>
              <code>{input}</code>
            </td>
            <td>{fromOpPath !== "" && <code>{fromOpPath}</code>}</td>
          </tr>
        ))}
      </Table>
      <More left={missing.length - mostRows} />
    </div>
  );
}

function Taken({ outputs }: { outputs: TakenOutput[] }) {
  return (
    <details>
      <summary>{plural(outputs.length, "output is", "outputs are")} taken from earlier runs</summary>
      <Table label="Outputs that are taken" head={["Op", "From run", "Size"]}>
        {outputs.slice(0, mostRows).map(({ opPath, runId, size }) => (
          <tr key={opPath}>
            <td>
              <code>{opPath}</code>
            </td>
            <td>
              <Link href={paths.run(runId)} title={runId} className={styles.run}>
                <code>{shortRunId(runId)}</code>
              </Link>
            </td>
            <td>{formatBytes(size)}</td>
          </tr>
        ))}
      </Table>
      <More left={outputs.length - mostRows} />
    </details>
  );
}

function More({ left }: { left: number }) {
  return left <= 0 ? null : <p className={styles.more}>and {plural(left, "more", "more")}</p>;
}
