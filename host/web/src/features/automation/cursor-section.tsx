import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { lazy, Suspense, useId, useState } from "react";
import { editor } from "@/domain/host/editor-name";
import { Failure } from "@/domain/host/failure";
import { AutomationService, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { askAgain } from "@/lib/ask-again";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Label, TextLines } from "@/ui/field";
import { Note, Section } from "@/ui/panel";
import { CodeBlock } from "@/ui/table";
import styles from "./automation-page.module.css";

const Confirm = lazy(() => import("@/ui/confirm").then((module) => ({ default: module.Confirm })));

/** How far a sensor has looked, and a way to have it look again from elsewhere. */
export function CursorSection({ automation }: { automation: Automation }) {
  const [asking, setAsking] = useState(false);
  const { cursor } = automation;
  return (
    <Section
      title="Cursor"
      actions={
        <>
          {cursor !== "" && <CopyButton text={cursor} label="Copy the cursor" />}
          <Button small icon={<RotateCcw size={12} aria-hidden />} onClick={() => { setAsking(true); }}>
            Set or reset…
          </Button>
        </>
      }
    >
      {cursor === "" ? <Note>None yet: it looks from its beginning.</Note> : <CodeBlock wrap label="Text of the cursor" text={cursor} />}
      <Suspense>{asking && <SetCursor automation={automation} onClose={() => { setAsking(false); }} />}</Suspense>
    </Section>
  );
}

function SetCursor({ automation, onClose }: { automation: Automation; onClose: () => void }) {
  const id = useId();
  const cache = useQueryClient();
  const [text, setText] = useState("");
  const { mutate, isPending, error } = useMutation(AutomationService.method.setSensorCursor, {
    onSuccess: () => {
      askAgain(cache, createConnectQueryKey({ schema: AutomationService.method.getAutomation, cardinality: "finite" }));
      onClose();
    },
  });
  const set = () => {
    if (automation.name !== undefined) mutate({ name: automation.name, cursor: text, by: editor() });
  };
  return (
    <Confirm title={`Cursor of ${automation.name?.name ?? ""}`} yes={text === "" ? "Reset the cursor" : "Set the cursor"} busy={isPending} onYes={set} onNo={onClose}>
      <div className={styles.stack}>
        <p>
          The sensor looks from here the next time. It may ask again for runs that it asked for before: those with a run key that was used are not made again, others are. An evaluation that is under way does not come into effect.
        </p>
        <div>
          <Label htmlFor={id}>New cursor; leave it empty to begin anew</Label>
          <TextLines id={id} mono rows={3} value={text} onChange={(event) => { setText(event.target.value); }} />
        </div>
        {error !== null && <Failure doing="set the cursor" error={error} />}
      </div>
    </Confirm>
  );
}
