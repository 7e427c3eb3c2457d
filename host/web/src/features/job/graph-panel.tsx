import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { Rocket } from "lucide-react";
import { useDeferredValue, useId, useMemo, useState } from "react";
import { GraphCrumbs } from "@/domain/graph/graph-crumbs";
import { graphModel, type Placed } from "@/domain/graph/graph-model";
import { OpGraph } from "@/domain/graph/op-graph";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { paths, type JobView } from "@/domain/paths";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { plural } from "@/lib/plural";
import { TextButton } from "@/ui/button";
import { SearchField, TextField } from "@/ui/field";
import { ButtonLink } from "@/ui/link";
import { Panel } from "@/ui/panel";
import { ErrorBoundary } from "@/ui/error-boundary";
import styles from "./overview.module.css";

/** The job's graph with its tools: find an op, highlight a selection, go into nested graphs. */
export function GraphPanel({ name, definition, digest, nodes, view, show }: {
  name: JobNameText;
  definition: JobDefinition;
  digest: string;
  nodes: Placed[];
  view: JobView;
  show: (next: Partial<JobView>) => void;
}) {
  const model = useMemo(() => graphModel(definition, view.graph), [definition, view.graph]);
  const select = useDeferredValue(view.select);
  const preview = useSelection(name, select);
  const highlighted = useMemo(
    () => (select === "" || preview === undefined || preview.problems.length > 0 ? undefined : new Set(preview.opPaths)),
    [select, preview],
  );
  const choose = (path: string) => {
    const at = path.lastIndexOf(".");
    show({ graph: at < 0 ? "" : path.slice(0, at), node: path });
  };
  return (
    <div className={styles.graph}>
      <Panel padded={false}>
        <div className={styles.tools}>
          <div className={styles.find}>
            <FindOp nodes={nodes} onFound={choose} />
          </div>
          <div className={styles.selection}>
            <TextField
              mono
              aria-label="Op selection to highlight"
              placeholder="Op selection, for example *report or read+"
              value={view.select}
              onChange={(event) => { show({ select: event.target.value }); }}
            />
          </div>
        </div>
        {view.select !== "" && preview !== undefined && (
          <div className={styles.selected} role="status">
            {preview.problems.length === 0 ? (
              <>
                <span>
                  {plural(preview.opPaths.length, "op")} of {nodes.filter((node) => node.op !== undefined).length} selected
                </span>
                <ButtonLink small href={paths.launchpad(name, view.select)} icon={<Rocket size={12} aria-hidden />}>
                  Launch these
                </ButtonLink>
              </>
            ) : (
              preview.problems.map((problem, index) => (
                <span key={index} className={styles.problem}>
                  {problem.column > 0 && `Column ${problem.column}: `}
                  {problem.message}
                </span>
              ))
            )}
            <TextButton onClick={() => { show({ select: "" }); }}>Clear</TextButton>
          </div>
        )}
        {view.graph !== "" && <GraphCrumbs job={name.job} graph={view.graph} onOpen={(graph) => { show({ graph, node: "" }); }} />}
        <div className={styles.canvas}>
          <ErrorBoundary what="The graph">
            <OpGraph
              model={model}
              layoutKey={`${digest} ${view.graph}`}
              selected={view.node}
              highlighted={highlighted}
              onSelect={(path) => { show({ node: path === view.node ? "" : path }); }}
              onOpen={(path) => { show({ graph: path, node: "" }); }}
            />
          </ErrorBoundary>
        </div>
      </Panel>
    </div>
  );
}

// What a selection means is the host's to say; config that is missing does not matter here.
function useSelection(name: JobNameText, select: string) {
  const { data } = useQuery(
    RunService.method.previewRun,
    { launch: { job: formatJobName(name), opSelection: select } },
    { enabled: select !== "", placeholderData: keepPreviousData },
  );
  return data === undefined ? undefined : { opPaths: data.opPaths, problems: data.problems.filter((problem) => problem.field === "op_selection") };
}

function FindOp({ nodes, onFound }: { nodes: Placed[]; onFound: (path: string) => void }) {
  const [text, setText] = useState("");
  const list = useId();
  const find = (typed: string) => nodes.find((node) => node.path === typed) ?? nodes.find((node) => node.path.toLowerCase().includes(typed.trim().toLowerCase()));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const found = text.trim() === "" ? undefined : find(text);
        if (found !== undefined) onFound(found.path);
      }}
    >
      <SearchField
        aria-label="Find an op"
        placeholder="Find an op"
        list={list}
        value={text}
        onChange={(event) => {
          const typed = event.target.value;
          setText(typed);
          if (nodes.some((node) => node.path === typed)) onFound(typed);
        }}
      />
      <datalist id={list}>
        {nodes.map((node) => (
          <option key={node.path} value={node.path} />
        ))}
      </datalist>
    </form>
  );
}
