import { localStore, sessionStore } from "@/lib/browser-storage";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import type { TagText } from "@/domain/run/tag";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";

/** A launch that is being prepared; kept in the browser, one per job. One that executes a run again is kept beside it, while the tab is open. */
export interface Draft {
  config: string;
  tags: TagText[];
  ops: string;
  /** Run whose outputs are the inputs that the ops lack: an id, or the beginning of one; empty for none. */
  inputsFrom: string;
  /** Partition, as in its tag; empty for none. */
  partition: string;
  /** Set when a run is executed again. */
  parent?: ParentRun;
  /** Digest of the definition that it was written for, in hex; empty before the first change. */
  digest: string;
}

/** What is executed again of a run. */
export interface ParentRun {
  id: string;
  strategy: ReexecutionStrategy;
  /** Keys of its tags that are not inherited. */
  withoutTags: string[];
}

/** A draft with nothing in it. */
export const emptyDraft: Draft = { config: "", tags: [], ops: "", inputsFrom: "", partition: "", digest: "" };

/** A draft that executes a run again as it was. */
export function draftOf(run: { id: string; configYaml: string; opSelection: string }): Draft {
  return { ...emptyDraft, config: run.configYaml, ops: run.opSelection, parent: { id: run.id, strategy: ReexecutionStrategy.ALL, withoutTags: [] } };
}

function key(name: JobNameText, parent = ""): string {
  return `penstock.draft.${formatJobName(name)}${parent === "" ? "" : `@${parent}`}`;
}

/** The draft of a job; what cannot be read is as good as none. */
export function loadDraft(name: JobNameText): Draft {
  return readDraft(localStore.get(key(name))) ?? emptyDraft;
}

/** The draft that executes a run again; undefined when there is none yet. */
export function loadParentDraft(name: JobNameText, parent: string): Draft | undefined {
  const draft = readDraft(sessionStore.get(key(name, parent)));
  return draft?.parent?.id === parent ? draft : undefined;
}

/** Keeps a draft; an empty one is forgotten. */
export function saveDraft(name: JobNameText, draft: Draft): void {
  if (draft.parent !== undefined) sessionStore.set(key(name, draft.parent.id), JSON.stringify(draft));
  else if (isEmptyDraft(draft)) localStore.remove(key(name));
  else localStore.set(key(name), JSON.stringify(draft));
}

/** Whether there is nothing in it. */
export function isEmptyDraft(draft: Draft): boolean {
  return draft.config === "" && draft.tags.length === 0 && draft.ops === "" && draft.inputsFrom === "" && draft.partition === "" && draft.parent === undefined;
}

function readDraft(text: string | undefined): Draft | undefined {
  try {
    const kept: unknown = JSON.parse(text ?? "");
    if (!isDraft(kept)) return undefined;
    const { config, tags, ops, inputsFrom, partition, parent, digest } = kept;
    return {
      config,
      tags: tags.map((tag) => ({ key: tag.key, value: tag.value })),
      ops,
      // Drafts of older pages have none.
      inputsFrom: typeof inputsFrom === "string" ? inputsFrom : "",
      partition: typeof partition === "string" ? partition : "",
      ...(isParent(parent) ? { parent: { id: parent.id, strategy: parent.strategy, withoutTags: parent.withoutTags.map(String) } } : {}),
      digest,
    };
  } catch {
    return undefined;
  }
}

function isParent(value: unknown): value is ParentRun {
  if (typeof value !== "object" || value === null) return false;
  const { id, strategy, withoutTags } = value as Partial<Record<keyof ParentRun, unknown>>;
  return typeof id === "string" && typeof strategy === "number" && Array.isArray(withoutTags);
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { config, tags, ops, digest } = value as Partial<Record<keyof Draft, unknown>>;
  return typeof config === "string" && typeof ops === "string" && typeof digest === "string" && Array.isArray(tags) && tags.every(isTag);
}

function isTag(value: unknown): value is TagText {
  return typeof value === "object" && value !== null && typeof (value as TagText).key === "string" && typeof (value as TagText).value === "string";
}
