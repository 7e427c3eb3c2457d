import { useState, type ReactNode } from "react";
import { TextButton } from "./button";
import { CopyButton } from "./copy-button";
import { Dialog } from "./dialog";

/** Shows what is short in its place; what is long opens as a dialog with a button that copies its source. */
export function ShortOrDialog({ title, source, summary, long, children }: {
  title: string;
  /** What is copied. */
  source: string;
  /** Stands in for what is long. */
  summary: string;
  long: boolean;
  children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  if (!long) return children;
  return (
    <>
      <TextButton onClick={() => { setOpen(true); }}>{summary}</TextButton>
      <Dialog title={<>{title} <CopyButton text={source} label="Copy the source" /></>} opened={open} onClose={() => { setOpen(false); }} size="xl">
        {children}
      </Dialog>
    </>
  );
}
