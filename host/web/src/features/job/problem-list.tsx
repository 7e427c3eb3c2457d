import { CircleCheck, CircleX } from "lucide-react";
import { paths } from "@/domain/paths";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { plural } from "@/lib/plural";
import { Link } from "@/ui/link";
import { Panel } from "@/ui/panel";
import styles from "./launchpad.module.css";

/** All that is wrong with the launch; each leads to its place. */
export function ProblemList({ problems, checking, location, onJump }: {
  problems: readonly Problem[];
  checking: boolean;
  /** The job's, where what is wrong with the job itself can be looked into. */
  location: string;
  onJump: (problem: Problem) => void;
}) {
  return (
    <Panel title={problems.length === 0 ? "Problems" : plural(problems.length, "problem")} padded={false}>
      <div role="status" aria-busy={checking}>
        {problems.length === 0 ? (
          <p className={styles.fine}>
            <CircleCheck size={14} aria-hidden /> {checking ? "Checking…" : "Nothing is wrong with this launch."}
          </p>
        ) : (
          <ul>
            {problems.map((problem, index) => (
              <li key={index}>
                {problem.field === "job" ? (
                  <div className={styles.problem}>
                    <CircleX size={14} aria-label="Error" />
                    <span>
                      {problem.message} <Link href={paths.location(location)}>Open Deployment</Link>
                    </span>
                  </div>
                ) : (
                  <button type="button" className={styles.problem} onClick={() => { onJump(problem); }}>
                    <CircleX size={14} aria-label="Error" />
                    <span>
                      <span className={styles.place}>{placeText(problem)}</span> {problem.message}
                    </span>
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Panel>
  );
}

const fields: Record<string, string> = { config: "Config", tags: "Tags", op_selection: "Op selection", inputs_from: "Inputs from a run", partition: "Partition", reexecution: "Re-execution" };

function placeText({ field, path, line, column }: Problem): string {
  const oneLine = field === "op_selection" && line === 1;
  const place = line > 0 && !oneLine ? `line ${line}${column > 0 ? `, column ${column}` : ""}` : column > 0 ? `column ${column}` : "";
  return [fields[field] ?? field, path, place].filter((part) => part !== "").join(" · ");
}
