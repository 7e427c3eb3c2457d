import { CircleCheck, CircleX } from "lucide-react";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { plural } from "@/lib/plural";
import { Panel } from "@/ui/panel";
import styles from "./launchpad.module.css";

/** All that is wrong with the launch; each leads to its place. */
export function ProblemList({ problems, checking, onJump }: { problems: readonly Problem[]; checking: boolean; onJump: (problem: Problem) => void }) {
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
                <button type="button" className={styles.problem} onClick={() => { onJump(problem); }}>
                  <CircleX size={14} aria-label="Error" />
                  <span>
                    <span className={styles.place}>{placeText(problem)}</span> {problem.message}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Panel>
  );
}

const fields: Record<string, string> = { config: "Config", tags: "Tags", op_selection: "Op selection", job: "Job" };

function placeText({ field, path, line, column }: Problem): string {
  const place = line > 0 ? `line ${line}${column > 0 ? `, column ${column}` : ""}` : column > 0 ? `column ${column}` : "";
  return [fields[field] ?? field, path, place].filter((part) => part !== "").join(" · ");
}
