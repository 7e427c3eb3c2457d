import { useMemo, useState } from "react";
import { Download, X } from "lucide-react";
import { Failure } from "@/domain/host/failure";
import { filterLines, linesText, type CapturedLogView, type Stream } from "@/domain/run/captured-log";
import { runStatusData } from "@/domain/run/run-status";
import { useCapturedLog } from "@/domain/run/use-captured-log";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { plural } from "@/lib/plural";
import { Button, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { downloadText } from "@/ui/download";
import { Checkbox, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import styles from "./event-list.module.css";
import { OutputLines } from "./output-lines";

const unattributed = "?";

/** What the run's ops wrote to stdout and stderr, live: of one op with its instances, or of all. */
export function OutputPanel({ run, op, ops, onOp }: {
  run: Run;
  /** Empty for all. */
  op: string;
  /** Paths of the run's ops, without keys. */
  ops: readonly string[];
  onOp: (op: string) => void;
}) {
  return <Output key={op} run={run} op={op} ops={ops} onOp={onOp} />;
}

function Output({ run, op, ops, onOp }: { run: Run; op: string; ops: readonly string[]; onOp: (op: string) => void }) {
  const { view, error } = useCapturedLog(run.id, op);
  const [stream, setStream] = useState<Stream>();
  const [only, setOnly] = useState(false);
  const [following, setFollowing] = useState(true);
  const over = runStatusData(run.status).final;
  const lines = useMemo(() => filterLines(view.lines, { stream, unattributed: only && op === "" }), [view, stream, only, op]);
  const choose = (value: string) => {
    setOnly(value === unattributed);
    onOp(value === unattributed ? "" : value);
  };
  const listed = op === "" || ops.includes(op) ? ops : [op, ...ops];
  return (
    <Panel
      title="stdout and stderr"
      padded={false}
      actions={
        <>
          <span className={styles.count} role="status">
            {lines.length === view.lines.length ? plural(lines.length, "line") : `${lines.length.toLocaleString("en")} of ${plural(view.lines.length, "line")}`}
          </span>
          {lines.length > 0 && <TakeAway run={run} op={op} view={view} lines={lines} />}
        </>
      }
    >
      <div className={styles.tools}>
        <div className={styles.opChoice}>
          <Select aria-label="Output of" value={only && op === "" ? unattributed : op} onChange={(event) => { choose(event.target.value); }}>
            <option value="">all ops</option>
            <option value={unattributed}>not known of which op</option>
            {listed.map((path) => (
              <option key={path} value={path}>
                {path}
              </option>
            ))}
          </Select>
        </div>
        <div className={styles.level}>
          <Select aria-label="Stream" value={stream ?? ""} onChange={(event) => { setStream(event.target.value === "" ? undefined : (event.target.value as Stream)); }}>
            <option value="">both streams</option>
            <option value="stdout">stdout</option>
            <option value="stderr">stderr</option>
          </Select>
        </div>
        {op !== "" && (
          <Button small onClick={() => { onOp(""); }}>
            op {op} <X size={12} aria-label="Show all ops" />
          </Button>
        )}
        {!over && <Checkbox label="Follow" checked={following} onChange={setFollowing} />}
      </div>
      {error !== undefined && (
        <div className={styles.message}>
          <Failure doing="follow the output; trying again" error={error} />
        </div>
      )}
      {view.lines.length === 0 && !view.complete && error === undefined && (over ? <Loading what="the output" /> : <Empty title="Nothing was written yet" />)}
      {view.lines.length === 0 && view.complete && (
        <Empty title={op === "" ? "This run wrote nothing to stdout or stderr" : `${op} wrote nothing to stdout or stderr`}>
          <p>What ops print is shown here: of Go code, of native code and of the programs that they start. A code location of an older version does not send it.</p>
        </Empty>
      )}
      {view.lines.length > 0 && lines.length === 0 && <Empty title="No line passes this filter" />}
      {view.dropped > 0 && <p className={styles.message}>{plural(view.dropped, "earlier line is", "earlier lines are")} not shown: this page holds the last {view.lines.length.toLocaleString("en")}.</p>}
      {lines.length > 0 && <OutputLines lines={lines} withOps={ops.length > 1 || op === ""} following={following && !over} onLeaveEnd={() => { setFollowing(false); }} />}
    </Panel>
  );
}

function TakeAway({ run, op, lines }: { run: Run; op: string; view: CapturedLogView; lines: CapturedLogView["lines"] }) {
  const text = () => linesText(lines, op === "");
  return (
    <>
      <CopyButton text={text} label="Copy these lines" />
      <IconButton label="Download these lines" small onClick={() => { downloadText(`${run.id}${op === "" ? "" : `-${op.replace(/[^A-Za-z0-9_.-]+/g, "_")}`}-output.txt`, text()); }}>
        <Download size={13} />
      </IconButton>
    </>
  );
}
