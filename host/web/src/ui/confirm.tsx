import type { ReactNode } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";

/** Asks before something is done: what it will do is said, and nothing is done without a yes. */
export function Confirm({ title, yes, no = "Leave it as it is", danger = true, busy = false, onYes, onNo, children }: {
  title: string;
  /** On the button that does it. */
  yes: string;
  no?: string;
  danger?: boolean;
  busy?: boolean;
  onYes: () => void;
  onNo: () => void;
  children: ReactNode;
}) {
  return (
    <Dialog
      title={title}
      opened
      onClose={onNo}
      footer={
        <>
          <Button onClick={onNo}>{no}</Button>
          <Button look={danger ? "danger" : "primary"} aria-disabled={busy} onClick={() => { if (!busy) onYes(); }}>
            {yes}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  );
}
