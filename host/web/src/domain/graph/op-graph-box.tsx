import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { Boxes, Layers, LogIn, LogOut, SquareFunction, ZoomIn } from "lucide-react";
import { plural } from "@/lib/plural";
import { StateIcon, toneColor, type StateLook } from "@/ui/badge";
import { classNames } from "@/ui/class-names";
import type { GraphNode } from "./graph-model";
import styles from "./op-graph.module.css";

/** How a node stands in a run. */
export interface NodeState {
  look: StateLook;
  /** State in words, with counts and progress where there are any. */
  text: string;
  /** What is done, from 0 to 1; undefined when there is nothing to say. */
  part: number | undefined;
}

/** What a box shows and does. */
export interface BoxData extends Record<string, unknown> {
  node: GraphNode;
  /** Undefined where the graph is of no run, and for what has no state. */
  state: NodeState | undefined;
  selected: boolean;
  /** Not among the ops that stand out. */
  faded: boolean;
  /** Among them. */
  chosen: boolean;
  onSelect: (path: string) => void;
  onOpen: (path: string) => void;
}

const icons = { op: SquareFunction, graph: Boxes, input: LogIn, output: LogOut };
const letter = 7.4;

/** The size of a node's box, from the length of its text: known before it is rendered. In a run it has room for a state. */
export function boxSize(node: GraphNode, ofRun: boolean): { width: number; height: number } {
  const runs = node.kind === "op" || node.kind === "graph";
  const length = Math.max(node.name.length, Math.min(detailOf(node).length, 34));
  const width = Math.min(300, Math.max(runs ? (ofRun ? 210 : 150) : 90, length * letter + 48));
  return { width, height: detailOf(node) === "" && !(ofRun && runs) ? 36 : 50 };
}

/** An op, a nested graph, or an input or output of the graph. */
export function BoxNode({ data }: NodeProps<Node<BoxData>>) {
  const { node, state, selected, faded, chosen, onSelect, onOpen } = data;
  const Icon = icons[node.kind];
  const detail = state?.text ?? detailOf(node);
  const inside = (
    <>
      {state === undefined ? (
        <Icon size={14} aria-hidden />
      ) : (
        <span className={styles.state} style={{ color: toneColor(state.look.tone) }}>
          <StateIcon look={state.look} size={14} />
        </span>
      )}
      <span className={styles.name}>{node.name}</span>
      {node.mapped && <Layers size={13} aria-hidden className={styles.mapMark} />}
    </>
  );
  const className = classNames(
    styles.box,
    styles[node.kind],
    node.mapped && styles.mapped,
    detail !== "" && styles.detailed,
    selected && styles.selected,
    faded && styles.faded,
    chosen && styles.chosen,
  );
  return (
    <>
      <Handle type="target" position={Position.Top} isConnectable={false} className={styles.handle} />
      {node.kind === "input" || node.kind === "output" ? (
        <div className={className} title={`${node.kind} ${node.name}: ${node.detail}`}>
          {inside}
        </div>
      ) : (
        <button
          type="button"
          className={classNames(className, "nopan")}
          title={state === undefined ? node.path : `${node.path}: ${state.text}`}
          aria-pressed={selected}
          aria-label={`${node.kind} ${node.path}${node.mapped ? ", for each item" : ""}${state === undefined ? "" : `: ${state.text}`}${chosen ? ", in the selection" : ""}${faded ? ", not in the selection" : ""}`}
          onClick={() => { onSelect(node.path); }}
          onDoubleClick={() => { if (node.kind === "graph") onOpen(node.path); }}
        >
          {inside}
        </button>
      )}
      {/* Beside the button, not in it: it is no part of the op's name. */}
      {detail !== "" && <span className={styles.detail}>{detail}</span>}
      {state?.part !== undefined && (
        <span className={styles.part} aria-hidden>
          <span style={{ width: `${100 * state.part}%`, background: toneColor(state.look.tone) }} />
        </span>
      )}
      {node.kind === "graph" && (
        <button type="button" className={classNames(styles.open, "nopan")} aria-label={`Open the graph ${node.path}`} title="Open this graph" onClick={() => { onOpen(node.path); }}>
          <ZoomIn size={13} aria-hidden />
        </button>
      )}
      <Handle type="source" position={Position.Bottom} isConnectable={false} className={styles.handle} />
    </>
  );
}

function detailOf(node: GraphNode): string {
  if (node.kind !== "graph") return node.detail;
  return [plural(node.ops, "op"), node.detail].filter((part) => part !== "").join(" · ");
}
