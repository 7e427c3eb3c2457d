import type { MessageInitShape } from "@bufbuild/protobuf";
import type { JobSchema } from "@/gen/penstock/host/v1/job_pb";
import { LocationState, type LocationSchema } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import type { EntrySchema } from "@/gen/penstock/metadata/v1/metadata_pb";

/** Of a message or what makes one, the latter. */
export type Plain<T> = T extends { $typeName: string } ? never : T;

/** The job of most tests: three ops, one of them in a nested graph. */
export const reportName = { location: "local", repository: "tutorial", job: "report" };

export function readyLocation(name = "local", codeVersion = "abc123", digest = 1): Plain<MessageInitShape<typeof LocationSchema>> {
  return {
    name,
    address: "127.0.0.1:4266",
    state: LocationState.READY,
    server: { protocolVersion: "0.15.0", sdk: { language: "go", version: "1.0.0" }, build: { codeVersion }, definitionsDigest: new Uint8Array([digest]) },
    repositories: [{ name: "tutorial", jobs: 1 }],
  };
}

export function reportJob(more: Partial<Plain<MessageInitShape<typeof JobSchema>>> = {}): MessageInitShape<typeof JobSchema> {
  return {
    name: reportName,
    definitionDigest: new Uint8Array([0xab, 0xcd]),
    build: { codeVersion: "abc123" },
    metadata: { state: FeatureState.EMPTY, content: { case: "shown", value: {} } },
    definition: {
      name: "report",
      description: "Counts **commits**.",
      tags: [{ key: "team", value: "data" }, { key: "tier", value: "gold" }],
      ops: [{ name: "read", outputs: [{ name: "result", type: "[]string" }] }, { name: "count" }, { name: "write", inputs: [{ name: "rows", type: "[]string" }] }],
      graphs: [{ name: "tidy", nodes: [{ name: "count", definition: { case: "op", value: "count" } }] }],
      graph: {
        name: "report",
        nodes: [
          { name: "read", definition: { case: "op", value: "read" } },
          { name: "tidy", definition: { case: "graph", value: "tidy" } },
          { name: "write", definition: { case: "op", value: "write" }, wires: [{ input: "rows", fromNode: "read", fromPort: "result" }] },
        ],
      },
      configSchemaJson: new TextEncoder().encode(JSON.stringify({ type: "object", properties: { weeks: { type: "integer", default: 12 } } })),
    },
    ...more,
  };
}

export function withMetadata(...entries: MessageInitShape<typeof EntrySchema>[]): MessageInitShape<typeof JobSchema> {
  return reportJob({ metadata: { state: FeatureState.SHOWN, content: { case: "shown", value: { entries } } } });
}

/** A job with a map and a resource: list, then parse for each item, then sum of all. */
export function mappedJob(): MessageInitShape<typeof JobSchema> {
  return reportJob({
    definition: {
      name: "report",
      ops: [
        { name: "list", outputs: [{ name: "result", type: "[]string" }], codeVersion: "3" },
        { name: "parse", inputs: [{ name: "file", type: "string" }], outputs: [{ name: "result", type: "int" }], resources: ["db"], transient: true },
        { name: "sum", inputs: [{ name: "rows", type: "[]int" }] },
      ],
      resources: [{ name: "db", description: "Where **rows** are.", type: "*sql.DB", configs: ["database"] }],
      graph: {
        name: "report",
        maps: [{ name: "parse", items: [{ fromNode: "list", fromPort: "result" }] }],
        nodes: [
          { name: "list", definition: { case: "op", value: "list" } },
          { name: "parse", definition: { case: "op", value: "parse" }, map: "parse", wires: [{ input: "file", itemOf: "parse" }] },
          { name: "sum", definition: { case: "op", value: "sum" }, wires: [{ input: "rows", fromNode: "parse", fromPort: "result" }] },
        ],
      },
    },
  });
}
