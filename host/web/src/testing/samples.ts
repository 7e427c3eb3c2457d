import type { MessageInitShape } from "@bufbuild/protobuf";
import type { JobSchema } from "@/gen/penstock/host/v1/job_pb";
import { LocationState, type LocationSchema } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import type { EntrySchema } from "@/gen/penstock/metadata/v1/metadata_pb";

// Of a message or what makes one, the latter.
type Plain<T> = T extends { $typeName: string } ? never : T;

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
