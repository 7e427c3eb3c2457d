import { failureOf, type EventRow } from "@/domain/run/event-row";
import { CodeBlock } from "@/ui/table";

/** Where and why something failed: op, message, causes, stack. What was said already is left out. */
export function FailureDetails({ row, said = "" }: { row: EventRow; said?: string }) {
  const failure = failureOf(row.stored);
  if (failure === undefined) return null;
  // The outermost cause often repeats the message.
  const causes = failure.causes.filter((cause) => !said.includes(cause) && !failure.message.includes(cause) && !said.includes(cause.slice(cause.indexOf(": ") + 2)));
  return (
    <>
      {row.opPath !== "" && (
        <p>
          Op <code>{row.opPath}</code>
          {failure.reason !== "" && ` · ${failure.reason}`}
        </p>
      )}
      {failure.message !== "" && !said.includes(failure.message) && <p style={{ whiteSpace: "pre-wrap" }}>{failure.message}</p>}
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
          <CodeBlock text={failure.stack} label="Stack" />
        </details>
      )}
    </>
  );
}
