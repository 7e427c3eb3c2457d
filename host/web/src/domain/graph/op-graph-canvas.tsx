import { Background, BackgroundVariant, MarkerType, ReactFlow, ReactFlowProvider, useReactFlow, useStoreApi, type Edge, type Node } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { Maximize, Minus, Plus } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { IconButton } from "@/ui/button";
import { Loading } from "@/ui/states";
import type { LayoutAnswer } from "./graph-layout";
import { isChosen, type EdgeKind, type GraphModel, type GraphNode } from "./graph-model";
import { requestLayout } from "./layout-client";
import { BoxNode, boxSize, type BoxData, type NodeState } from "./op-graph-box";
import styles from "./op-graph.module.css";

/** What a drawn graph needs. */
export interface OpGraphProps {
  model: GraphModel;
  /** The same for the same graph: definition digest and path. */
  layoutKey: string;
  /** Path of the node that is chosen; empty for none. */
  selected: string;
  /** Ops that stand out; undefined when none do more than others. */
  highlighted?: ReadonlySet<string> | undefined;
  onSelect: (path: string) => void;
  /** How nodes stand in a run, by path; undefined where the graph is of no run. */
  states?: ReadonlyMap<string, NodeState> | undefined;
  /** Opens a nested graph. */
  onOpen: (path: string) => void;
}

const nodeTypes = { box: BoxNode };
// Only what is in sight is rendered beyond this.
const manyNodes = 150;
const readableZoom = 0.6;
const zoomPadding = { padding: 0.12, maxZoom: 1.1 };

/** A drawn graph. */
export default function OpGraphCanvas(props: OpGraphProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ model, layoutKey: key, selected, highlighted, states, onSelect, onOpen }: OpGraphProps) {
  const ofRun = states !== undefined;
  const layoutKey = ofRun ? `${key} run` : key;
  const places = usePlaces(model, layoutKey, ofRun);
  const flow = useReactFlow();
  const store = useStoreApi();
  // The layout that the canvas has fitted, before which nothing is in its place; and the one that was looked at since.
  const [fitted, setFitted] = useState("");
  const looked = useRef("");
  const nodes = useMemo(
    () => (places === undefined ? [] : model.nodes.map((node, index) => toNode(node, places[index], { selected, highlighted, states, onSelect, onOpen }))),
    [model, places, selected, highlighted, states, onSelect, onOpen],
  );
  const edges = useMemo(() => model.edges.map((edge) => toEdge(edge, selected)), [model, selected]);

  // What is chosen elsewhere, by search or address, comes into sight; at first large enough to be read.
  useEffect(() => {
    if (fitted !== layoutKey) return;
    const first = looked.current !== layoutKey;
    looked.current = layoutKey;
    const index = model.nodes.findIndex((node) => node.path === selected);
    const place = places?.[index];
    const node = model.nodes[index];
    if (place === undefined || node === undefined) return;
    const size = boxSize(node, ofRun);
    const center = { x: place.x + size.width / 2, y: place.y + size.height / 2 };
    const { width, height, transform } = store.getState();
    const [left, top, zoom] = transform;
    const at = { x: center.x * zoom + left, y: center.y * zoom + top };
    const inSight = at.x > 0 && at.x < width && at.y > 0 && at.y < height;
    if (inSight && (!first || zoom >= readableZoom)) return;
    void flow.setCenter(center.x, center.y, { zoom: Math.max(zoom, readableZoom), duration: 200 });
  }, [selected, model, places, flow, store, fitted, layoutKey, ofRun]);

  if (places === undefined) return <Loading what="the graph" />;
  return (
    <ReactFlow
      key={layoutKey}
      className={styles.canvas}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      onlyRenderVisibleElements={model.nodes.length > manyNodes}
      zoomOnDoubleClick={false}
      minZoom={0.05}
      maxZoom={2}
      fitView
      onInit={() => { setFitted(layoutKey); }}
      fitViewOptions={zoomPadding}
      aria-label="Graph of ops"
    >
      <Background variant={BackgroundVariant.Dots} gap={20} size={1} color="var(--line)" />
      <div className={styles.controls}>
        <IconButton label="Zoom in" look="plain" small onClick={() => void flow.zoomIn()}>
          <Plus size={14} />
        </IconButton>
        <IconButton label="Zoom out" look="plain" small onClick={() => void flow.zoomOut()}>
          <Minus size={14} />
        </IconButton>
        <IconButton label="Fit the whole graph" look="plain" small onClick={() => void flow.fitView({ ...zoomPadding, duration: 200 })}>
          <Maximize size={14} />
        </IconButton>
      </div>
    </ReactFlow>
  );
}

function usePlaces(model: GraphModel, layoutKey: string, ofRun: boolean): LayoutAnswer | undefined {
  const [state, setState] = useState<{ key: string; places: LayoutAnswer }>();
  useEffect(() => {
    let wanted = true;
    const index = new Map(model.nodes.map((node, position) => [node.path, position]));
    const arrows = model.edges.map((edge): [number, number] => [index.get(edge.from) ?? 0, index.get(edge.to) ?? 0]);
    void requestLayout(layoutKey, { boxes: model.nodes.map((node) => boxSize(node, ofRun)), arrows }).then((places) => {
      if (wanted) setState({ key: layoutKey, places });
    });
    return () => {
      wanted = false;
    };
  }, [model, layoutKey, ofRun]);
  return state?.key === layoutKey ? state.places : undefined;
}

function toNode(
  node: GraphNode,
  place: LayoutAnswer[number] | undefined,
  { selected, highlighted, states, onSelect, onOpen }: Pick<OpGraphProps, "selected" | "highlighted" | "states" | "onSelect" | "onOpen">,
): Node<BoxData> {
  const faded = highlighted !== undefined && !isChosen(node, highlighted);
  return {
    id: node.path,
    type: "box",
    position: place ?? { x: 0, y: 0 },
    ...boxSize(node, states !== undefined),
    // The library switches the pointer off for nodes that can be neither chosen nor moved by its own means.
    style: { pointerEvents: "all" },
    data: { node, state: states?.get(node.path), selected: node.path === selected, faded, chosen: highlighted !== undefined && !faded, onSelect, onOpen },
  };
}

// What an arrow carries beyond one value; the words stand on it.
const edgeWords: Record<EdgeKind, { label?: string; between: string; dashes?: string }> = {
  data: { between: "to" },
  item: { label: "each", between: "each item to" },
  gather: { label: "all", between: "all results to" },
  order: { between: "before", dashes: "4 3" },
};

function toEdge({ from, to, kind }: GraphModel["edges"][number], selected: string): Edge {
  const near = from === selected || to === selected;
  const color = near ? "var(--accent)" : "var(--line-strong)";
  const { label, between, dashes } = edgeWords[kind];
  return {
    id: `${from}>${to}`,
    source: from,
    target: to,
    ariaLabel: `${from} ${between} ${to}`,
    style: { stroke: color, strokeWidth: near ? 2 : 1.25, ...(dashes === undefined ? {} : { strokeDasharray: dashes }) },
    ...(label === undefined ? {} : { label, labelShowBg: true, labelBgPadding: [4, 2], labelBgBorderRadius: 3, labelStyle: { fill: "var(--ink-2)", fontSize: 11 }, labelBgStyle: { fill: "var(--surface)", stroke: "var(--line)" } }),
    markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color },
  };
}
