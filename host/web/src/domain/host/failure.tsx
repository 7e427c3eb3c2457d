import { Button } from "@/ui/button";
import { Callout } from "@/ui/states";
import { readHostError } from "./host-error";

/** Says what went wrong with a call, what is wrong with its input, and what to do. */
export function Failure({ doing, error, retry }: { doing: string; error: unknown; retry?: () => void }) {
  const { message, remedy, problems } = readHostError(error);
  return (
    <Callout tone="bad" title={`Could not ${doing}`} live>
      <p>{message}</p>
      {problems.length > 0 && (
        <ul>
          {problems.map((problem, index) => (
            <li key={index}>
              {problem.path !== "" && <code>{problem.path}: </code>}
              {problem.message}
            </li>
          ))}
        </ul>
      )}
      {remedy !== "" && <p>{remedy}</p>}
      {retry !== undefined && (
        <div>
          <Button small onClick={retry}>
            Try again
          </Button>
        </div>
      )}
    </Callout>
  );
}
