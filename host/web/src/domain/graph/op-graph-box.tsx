import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { Boxes, LogIn, LogOut, SquareFunction, ZoomIn } from "lucide-react";
import { plural } from "@/lib/plural";
import { classNames } from "@/ui/class-names";
import type { GraphNode } from "./graph-model";
import styles from "./op-graph.module.css";

/** What a box shows and does. */
export interface BoxData extends Record<string, unknown> {
  node: GraphNode;
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

/** The size of a node's box, from the length of its text: known before it is rendered. */
export function boxSize(node: GraphNode): { width: number; height: number } {
  const length = Math.max(node.name.length, Math.min(detailOf(node).length, 34));
  const width = Math.min(300, Math.max(node.kind === "op" || node.kind === "graph" ? 150 : 90, length * letter + 48));
  return { width, height: detailOf(node) === "" ? 36 : 50 };
}

/** An op, a nested graph, or an input or output of the graph. */
export function BoxNode({ data }: NodeProps<Node<BoxData>>) {
  const { node, selected, faded, chosen, onSelect, onOpen } = data;
  const Icon = icons[node.kind];
  const detail = detailOf(node);
  const inside = (
    <>
      <Icon size={14} aria-hidden />
      <span className={styles.name}>{node.name}</span>
    </>
  );
  const className = classNames(
    styles.box,
    styles[node.kind],
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
          title={node.path}
          aria-pressed={selected}
          aria-label={`${node.kind} ${node.path}${chosen ? ", in the selection" : ""}${faded ? ", not in the selection" : ""}`}
          onClick={() => { onSelect(node.path); }}
          onDoubleClick={() => { if (node.kind === "graph") onOpen(node.path); }}
        >
          {inside}
        </button>
      )}
      {/* Beside the button, not in it: it is no part of the op's name. */}
      {detail !== "" && <span className={styles.detail}>{detail}</span>}
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
