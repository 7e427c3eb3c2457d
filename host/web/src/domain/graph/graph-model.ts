import type { GraphDefinition, JobDefinition, MapDefinition, Node, OpDefinition } from "@/gen/penstock/usercode/v1/body_pb";

/** One box of a drawn graph. */
export interface GraphNode {
  /** Dotted path from the job's own graph; of an input or output of the graph "in:NAME" or "out:NAME". */
  path: string;
  name: string;
  kind: "op" | "graph" | "input" | "output";
  /** The second line: name of the op or graph where it differs, or a type. */
  detail: string;
  /** Ops inside, for a graph. */
  ops: number;
  /** Set when a map makes instances of it. */
  mapped: boolean;
}

/**
 * What an arrow carries: data; each item of a list to an instance of its own; what all instances yield, as a list; or
 * nothing, an "after" without data.
 */
export type EdgeKind = "data" | "item" | "gather" | "order";

/** One arrow. */
export interface GraphEdge {
  from: string;
  to: string;
  kind: EdgeKind;
}

/** A graph as it is drawn. */
export interface GraphModel {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** What a path leads to. */
export interface Placed {
  path: string;
  node: Node;
  op?: OpDefinition;
  graph?: GraphDefinition;
}

/** Joins a graph's path and a node's name. */
export function joinPath(graph: string, name: string): string {
  return graph === "" ? name : `${graph}.${name}`;
}

/** The graph at a dotted path, "" for the job's own; undefined when there is none. */
export function findGraph(job: JobDefinition, path: string): GraphDefinition | undefined {
  let graph = job.graph;
  for (const name of path === "" ? [] : path.split(".")) {
    const node = graph?.nodes.find((each) => each.name === name);
    graph = node?.definition.case === "graph" ? graphNamed(job, node.definition.value) : undefined;
  }
  return graph;
}

/** Every node of the job with its path, outer before inner. */
export function allNodes(job: JobDefinition): Placed[] {
  const found: Placed[] = [];
  const visit = (graph: GraphDefinition | undefined, at: string, above: readonly string[]) => {
    for (const node of graph?.nodes ?? []) {
      const path = joinPath(at, node.name);
      const placed = place(job, node, path);
      found.push(placed);
      // A graph inside itself is a mistake of its author; it must not hang the page.
      if (placed.graph !== undefined && !above.includes(placed.graph.name)) visit(placed.graph, path, [...above, placed.graph.name]);
    }
  };
  visit(job.graph, "", []);
  return found;
}

function place(job: JobDefinition, node: Node, path: string): Placed {
  const { definition } = node;
  if (definition.case === "op") {
    const op = job.ops.find((each) => each.name === definition.value);
    return op === undefined ? { path, node } : { path, node, op };
  }
  const graph = definition.case === "graph" ? graphNamed(job, definition.value) : undefined;
  return graph === undefined ? { path, node } : { path, node, graph };
}

function graphNamed(job: JobDefinition, name: string): GraphDefinition | undefined {
  return job.graphs.find((graph) => graph.name === name);
}

/** The boxes and arrows of the graph at a path. */
export function graphModel(job: JobDefinition, at: string): GraphModel {
  const graph = findGraph(job, at);
  if (graph === undefined) return { nodes: [], edges: [] };
  const placed = allNodes(job);
  const nodes: GraphNode[] = [
    ...graph.inputs.map((port) => ({ path: `in:${port.name}`, name: port.name, kind: "input" as const, detail: port.type, ops: 0, mapped: false })),
    ...graph.nodes.map((node) => graphNode(place(job, node, joinPath(at, node.name)), placed)),
    ...graph.outputs.map((output) => ({
      path: `out:${output.port?.name ?? ""}`,
      name: output.port?.name ?? "",
      kind: "output" as const,
      detail: output.port?.type ?? "",
      ops: 0,
      mapped: false,
    })),
  ];
  const edges = new Map<string, GraphEdge>();
  const connect = (from: string, to: string, kind: EdgeKind) => {
    const key = `${from} ${to}`;
    if (!edges.has(key)) edges.set(key, { from, to, kind });
  };
  const source = (fromNode: string, fromPort: string) => (fromNode === "" ? `in:${fromPort}` : joinPath(at, fromNode));
  for (const node of graph.nodes) {
    const to = joinPath(at, node.name);
    for (const wire of node.wires) {
      if (wire.itemOf === "") connect(source(wire.fromNode, wire.fromPort), to, gathers(graph, wire.fromNode, node.map) ? "gather" : "data");
      else for (const item of itemSources(graph, wire.itemOf)) connect(source(item.fromNode, item.fromPort), to, "item");
    }
    for (const before of node.after) connect(joinPath(at, before), to, "order");
  }
  for (const output of graph.outputs) {
    connect(source(output.fromNode, output.fromPort), `out:${output.port?.name ?? ""}`, gathers(graph, output.fromNode, "") ? "gather" : "data");
  }
  const known = new Set(nodes.map((node) => node.path));
  return { nodes, edges: [...edges.values()].filter((edge) => known.has(edge.from) && known.has(edge.to)) };
}

function graphNode({ path, node, op, graph }: Placed, all: readonly Placed[]): GraphNode {
  const definition = node.definition.value ?? "";
  const mapped = node.map !== "";
  const renamed = definition === node.name ? "" : definition;
  if (node.definition.case === "graph") {
    const ops = all.filter((each) => each.op !== undefined && each.path.startsWith(`${path}.`)).length;
    return { path, name: node.name, kind: "graph", detail: renamed || (graph?.description.split("\n")[0] ?? ""), ops, mapped };
  }
  return { path, name: node.name, kind: "op", detail: renamed || (op?.outputs.map((port) => port.type).join(", ") ?? ""), ops: 0, mapped };
}

function mapNamed(graph: GraphDefinition, name: string): MapDefinition | undefined {
  return name === "" ? undefined : graph.maps.find((each) => each.name === name);
}

// The maps that a node of a map is inside of, its own first; a map inside itself is a mistake of its author.
function mapsAround(graph: GraphDefinition, name: string): MapDefinition[] {
  const around: MapDefinition[] = [];
  for (let map = mapNamed(graph, name); map !== undefined && !around.includes(map); map = mapNamed(graph, map.parent)) around.push(map);
  return around;
}

// A wire out of a map carries what all instances yield; one within it, what the same instance does.
function gathers(graph: GraphDefinition, fromNode: string, toMap: string): boolean {
  const map = graph.nodes.find((node) => node.name === fromNode)?.map ?? "";
  return map !== "" && !mapsAround(graph, toMap).some((around) => around.name === map);
}

/** What the list of a map is made of. The items of an inner map may be those of the outer one's item. */
export function itemSources(graph: GraphDefinition, map: string): { fromNode: string; fromPort: string }[] {
  const found: { fromNode: string; fromPort: string }[] = [];
  for (const [index, { items, parent }] of mapsAround(graph, map).entries()) {
    const inner = index === 0 || found.length === 0;
    if (inner) found.push(...items.filter((item) => item.itemOf === ""));
    if (!items.some((item) => item.itemOf !== "" && item.itemOf === parent)) break;
  }
  return found;
}

/** Tells of how many maps a node is a part itself, by its path without keys; those of graphs around it are not counted. */
export function mapDepths(job: JobDefinition): (template: string) => number {
  const depths = new Map<string, number>();
  for (const { path, node } of allNodes(job)) {
    if (node.map === "") continue;
    const graph = findGraph(job, path.slice(0, Math.max(0, path.lastIndexOf("."))));
    depths.set(path, graph === undefined ? 1 : Math.max(1, mapsAround(graph, node.map).length));
  }
  return (template) => depths.get(template) ?? 0;
}

/** Whether a box is among the chosen ops: an op itself, a graph by any op inside. */
export function isChosen(node: GraphNode, paths: ReadonlySet<string>): boolean {
  if (node.kind === "op") return paths.has(node.path);
  if (node.kind !== "graph") return false;
  for (const path of paths) if (path.startsWith(`${node.path}.`)) return true;
  return false;
}
