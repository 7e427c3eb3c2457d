import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { JobDefinitionSchema } from "@/gen/penstock/usercode/v1/body_pb";
import { allNodes, findGraph, graphModel, isChosen, mapDepths } from "./graph-model";

const op = (name: string, more = {}) => ({ name, definition: { case: "op" as const, value: name }, ...more });
const wire = (input: string, fromNode: string, fromPort = "result") => ({ input, fromNode, fromPort });

const job = create(JobDefinitionSchema, {
  name: "report",
  ops: [{ name: "read", outputs: [{ name: "result", type: "[]string" }] }, { name: "count" }, { name: "write" }],
  graphs: [
    {
      name: "clean",
      inputs: [{ name: "rows", type: "[]string" }],
      nodes: [op("count", { wires: [wire("rows", "", "rows")] }), { name: "again", definition: { case: "op", value: "count" }, wires: [wire("rows", "count")] }],
      outputs: [{ port: { name: "result", type: "int" }, fromNode: "again", fromPort: "result" }],
    },
  ],
  graph: {
    name: "report",
    nodes: [
      op("read"),
      { name: "tidy", definition: { case: "graph", value: "clean" }, wires: [wire("rows", "read"), wire("rows", "read")] },
      op("write", { wires: [wire("n", "tidy")], after: ["read"] }),
    ],
  },
});

describe("graphModel", () => {
  it("draws ops, graphs, wires and order, each arrow once", () => {
    const { nodes, edges } = graphModel(job, "");
    expect(nodes.map((node) => [node.path, node.kind, node.detail, node.ops])).toEqual([
      ["read", "op", "[]string", 0],
      ["tidy", "graph", "clean", 2],
      ["write", "op", "", 0],
    ]);
    expect(edges).toEqual([
      { from: "read", to: "tidy", kind: "data" },
      { from: "tidy", to: "write", kind: "data" },
      { from: "read", to: "write", kind: "order" },
    ]);
  });

  it("draws a nested graph with its inputs and outputs", () => {
    const { nodes, edges } = graphModel(job, "tidy");
    expect(nodes.map((node) => node.path)).toEqual(["in:rows", "tidy.count", "tidy.again", "out:result"]);
    expect(nodes[2]?.detail).toBe("count");
    expect(edges.map((edge) => `${edge.from}>${edge.to}`)).toEqual(["in:rows>tidy.count", "tidy.count>tidy.again", "tidy.again>out:result"]);
  });

  it("draws nothing for a path that leads nowhere", () => {
    expect(graphModel(job, "nowhere")).toEqual({ nodes: [], edges: [] });
    expect(findGraph(job, "read")).toBeUndefined();
  });

  it("leaves out arrows to nodes that are not there", () => {
    const broken = create(JobDefinitionSchema, { graph: { nodes: [op("a", { wires: [wire("x", "gone")] })] } });
    expect(graphModel(broken, "").edges).toEqual([]);
  });
});

describe("allNodes", () => {
  it("lists every placement, outer before inner", () => {
    expect(allNodes(job).map((placed) => placed.path)).toEqual(["read", "tidy", "tidy.count", "tidy.again", "write"]);
  });

  it("ends for a graph that holds itself", () => {
    const self = { name: "loop", nodes: [{ name: "inner", definition: { case: "graph" as const, value: "loop" } }] };
    const looped = create(JobDefinitionSchema, { graphs: [self], graph: self });
    expect(allNodes(looped).length).toBeLessThan(5);
  });
});

it("a graph is chosen with any op inside", () => {
  const [read, tidy] = graphModel(job, "").nodes;
  const chosen = new Set(["tidy.count"]);
  expect(read !== undefined && isChosen(read, chosen)).toBe(false);
  expect(tidy !== undefined && isChosen(tidy, chosen)).toBe(true);
});

describe("maps", () => {
  const item = (input: string, itemOf: string) => ({ input, itemOf });
  const mapped = create(JobDefinitionSchema, {
    graphs: [{ name: "load", nodes: [op("fetch")] }],
    graph: {
      maps: [
        { name: "parse", items: [{ fromNode: "list", fromPort: "result" }] },
        { name: "split", items: [{ fromNode: "list", fromPort: "result" }] },
        { name: "row", parent: "split", items: [{ fromNode: "split", fromPort: "result" }, { itemOf: "split" }] },
        { name: "load", items: [{ fromNode: "list", fromPort: "result" }] },
      ],
      nodes: [
        op("list"),
        op("parse", { map: "parse", wires: [item("file", "parse")] }),
        op("check", { map: "parse", wires: [wire("row", "parse"), wire("limit", "list")] }),
        op("sum", { wires: [wire("rows", "check")] }),
        op("split", { map: "split", wires: [item("file", "split")] }),
        op("row", { map: "row", wires: [item("row", "row"), wire("head", "split")] }),
        { name: "load", definition: { case: "graph", value: "load" }, map: "load", wires: [item("file", "load")] },
      ],
      outputs: [{ port: { name: "rows" }, fromNode: "row", fromPort: "result" }],
    },
  });

  it("marks what is mapped, and draws items going out and lists coming back", () => {
    const { nodes, edges } = graphModel(mapped, "");
    expect(nodes.filter((node) => node.mapped).map((node) => node.name)).toEqual(["parse", "check", "split", "row", "load"]);
    expect(edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`)).toEqual([
      "list item parse",
      "parse data check",
      "list data check",
      "check gather sum",
      "list item split",
      "split item row",
      "list item load",
      "row gather out:rows",
    ]);
  });

  it("counts the maps of a node", () => {
    const depthOf = mapDepths(mapped);
    expect(["list", "parse", "row", "load", "load.fetch"].map(depthOf)).toEqual([0, 1, 2, 1, 0]);
  });

  it("ends for maps that are inside of each other", () => {
    const broken = create(JobDefinitionSchema, {
      graph: { maps: [{ name: "a", parent: "b", items: [{ itemOf: "b" }] }, { name: "b", parent: "a", items: [{ itemOf: "a" }] }], nodes: [op("x", { map: "a", wires: [item("i", "a")] })] },
    });
    expect(graphModel(broken, "").edges).toEqual([]);
    expect(mapDepths(broken)("x")).toBe(2);
  });
});
