import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton, TextButton } from "./button";
import { copyText } from "./clipboard";

/** Copies a text and says so for a moment. A long one is made only when it is wanted. */
export function CopyButton({ text, label = "Copy" }: { text: string | (() => string); label?: string }) {
  const [copied, copy] = useCopied(text);
  return (
    <IconButton label={copied ? "Copied" : label} small onClick={copy}>
      {copied ? <Check size={13} /> : <Copy size={13} />}
    </IconButton>
  );
}

/** A text that copies itself when it is clicked. */
export function CopyText({ text }: { text: string }) {
  const [copied, copy] = useCopied(text);
  return (
    <TextButton onClick={copy} title={copied ? "Copied" : "Click to copy"}>
      <code style={{ overflowWrap: "anywhere" }}>{text}</code>
      <span role="status" className="visually-hidden">
        {copied ? "Copied" : ""}
      </span>
    </TextButton>
  );
}

function useCopied(text: string | (() => string)): [boolean, () => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => {
      setCopied(false);
    }, 1500);
    return () => {
      clearTimeout(timer);
    };
  }, [copied]);
  return [
    copied,
    () => {
      void copyText(typeof text === "string" ? text : text()).then(setCopied);
    },
  ];
}
