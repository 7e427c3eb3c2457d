import { TextButton } from "@/ui/button";
import styles from "./graph-crumbs.module.css";

/** The way from the job's own graph to the nested one that is open. */
export function GraphCrumbs({ job, graph, onOpen }: { job: string; graph: string; onOpen: (graph: string) => void }) {
  const parts = graph.split(".");
  return (
    <nav className={styles.crumbs} aria-label="Nested graph">
      <TextButton onClick={() => { onOpen(""); }}>{job}</TextButton>
      {parts.map((part, index) => (
        <span key={index}>
          {"› "}
          {index === parts.length - 1 ? (
            <strong aria-current="page">{part}</strong>
          ) : (
            <TextButton onClick={() => { onOpen(parts.slice(0, index + 1).join(".")); }}>{part}</TextButton>
          )}
        </span>
      ))}
    </nav>
  );
}
