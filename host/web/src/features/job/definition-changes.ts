import { equals } from "@bufbuild/protobuf";
import { hex } from "@/lib/bytes";
import { JobDefinitionSchema, type JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { allNodes } from "@/domain/graph/graph-model";
import { formatTag } from "@/domain/run/tag";

/** What differs between two definitions of a job, for people; empty when they are the same. */
export function definitionChanges(before: JobDefinition, after: JobDefinition): string[] {
  if (equals(JobDefinitionSchema, before, after)) return [];
  const changes = [
    ...setChanges("op", opPaths(before), opPaths(after)),
    ...setChanges("tag", before.tags.map(formatTag), after.tags.map(formatTag)),
  ];
  if (hex(before.configSchemaJson) !== hex(after.configSchemaJson)) changes.push("the config schema changed");
  return changes.length === 0 ? ["descriptions, wires or types changed"] : changes;
}

function opPaths(job: JobDefinition): string[] {
  return allNodes(job).filter((placed) => placed.op !== undefined).map((placed) => placed.path);
}

function setChanges(what: string, before: string[], after: string[]): string[] {
  const added = after.filter((each) => !before.includes(each));
  const removed = before.filter((each) => !after.includes(each));
  return [
    ...(added.length === 0 ? [] : [`${what} added: ${added.join(", ")}`]),
    ...(removed.length === 0 ? [] : [`${what} removed: ${removed.join(", ")}`]),
  ];
}
