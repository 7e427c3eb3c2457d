import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useMutation } from "@connectrpc/connect-query";
import { FlaskConical } from "lucide-react";
import { useId, useState, type SubmitEvent } from "react";
import type { AutomationNameText } from "@/domain/automation/automation-name";
import { Failure } from "@/domain/host/failure";
import type { AutomationView } from "@/domain/paths";
import { AutomationKind, AutomationService, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { Button } from "@/ui/button";
import { Label, TextField, TextLines } from "@/ui/field";
import { Note, Panel } from "@/ui/panel";
import styles from "./automation-page.module.css";
import { TestResult } from "./test-result";

/** Evaluates a schedule at an instant, or a sensor with a cursor, and shows what a tick would make; nothing is launched. */
export function TestTab({ name, automation, view }: { name: AutomationNameText; automation: Automation; view: AutomationView }) {
  const id = useId();
  const [at, setAt] = useState(view.at);
  const [cursor, setCursor] = useState(automation.cursor);
  const [run, setRun] = useState("");
  const { mutate, data, error, isPending } = useMutation(AutomationService.method.testAutomation);
  const sensor = automation.name?.kind === AutomationKind.SENSOR;
  const ofRuns = automation.sensor?.looks.case === "runStatus";
  const ms = at.trim() === "" ? undefined : Date.parse(at.trim());
  const wrong = Number.isNaN(ms);
  const test = (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong || isPending) return;
    const { location, repository } = name;
    mutate({ name: { location, repository, name: name.name }, ...(ms === undefined ? {} : { at: timestampFromMs(ms) }), ...(sensor && !ofRuns ? { cursor } : {}), runId: ofRuns ? run.trim() : "" });
  };
  return (
    <div className={styles.stack}>
      <Panel title="Test without launching">
        <form className={styles.parts} onSubmit={test}>
          <Note>
            {sensor ? "It is asked as if it looked now. " : "It is asked as if the time had come. "}
            What it would make is shown below; no run is made, and nothing is kept.
          </Note>
          {!sensor && (
            <div>
              <Label htmlFor={id}>Instant; empty for the next one</Label>
              <TextField id={id} mono placeholder="2026-11-24T06:00:00Z" value={at} aria-invalid={wrong} aria-describedby={`${id}w`} onChange={(event) => { setAt(event.target.value); }} />
              <p id={`${id}w`} role="status" className={styles.bad}>
                {wrong ? "This is no instant: write it like 2026-11-24T06:00:00Z; without the Z it is your time." : ""}
              </p>
            </div>
          )}
          {sensor && !ofRuns && (
            <div>
              <Label htmlFor={id}>Cursor; empty for the beginning</Label>
              <TextLines id={id} mono rows={2} value={cursor} onChange={(event) => { setCursor(event.target.value); }} />
            </div>
          )}
          {ofRuns && (
            <div>
              <Label htmlFor={id}>Run that ended: an id, or its beginning</Label>
              <TextField id={id} mono value={run} onChange={(event) => { setRun(event.target.value); }} />
            </div>
          )}
          <div>
            <Button type="submit" look="primary" icon={<FlaskConical size={14} aria-hidden />} aria-disabled={wrong || isPending}>
              {isPending ? "Asking…" : "Test"}
            </Button>
          </div>
          {error !== null && <Failure doing="test it" error={error} />}
        </form>
      </Panel>
      {data !== undefined && <TestResult result={data} name={name} />}
    </div>
  );
}
