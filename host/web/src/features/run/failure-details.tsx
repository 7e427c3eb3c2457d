import { inertText } from "@/lib/inert-text";
import { failureOf, type EventRow } from "@/domain/run/event-row";
import { CodeBlock } from "@/ui/table";

/** Where and why something failed: op, message, causes, stack. What was said already is left out. */
export function FailureDetails({ row, said = "" }: { row: EventRow; said?: string }) {
  const failure = failureOf(row.stored);
  if (failure === undefined) return null;
  const message = inertText(failure.message);
  // The outermost cause often repeats the message.
  const causes = failure.causes.map(inertText).filter((cause) => !said.includes(cause) && !message.includes(cause) && !said.includes(cause.slice(cause.indexOf(": ") + 2)));
  return (
    <>
      {row.opPath !== "" && (
        <p>
          Op <code>{row.opPath}</code>
          {failure.reason !== "" && ` · ${failure.reason}`}
        </p>
      )}
      {message !== "" && !said.includes(message) && <p style={{ whiteSpace: "pre-wrap" }}>{message}</p>}
      {causes.length > 0 && (
        <ul>
          {causes.map((cause, index) => (
            <li key={index}>caused by {cause}</li>
          ))}
        </ul>
      )}
      {failure.stack !== "" && (
        <details>
          <summary>Stack</summary>
          <CodeBlock text={inertText(failure.stack)} label="Stack" />
        </details>
      )}
    </>
  );
}
