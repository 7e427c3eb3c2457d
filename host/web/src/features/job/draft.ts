import { localStore } from "@/lib/browser-storage";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import type { TagText } from "@/domain/run/tag";

/** A launch that is being prepared; kept in the browser, one per job. */
export interface Draft {
  config: string;
  tags: TagText[];
  ops: string;
  /** Digest of the definition that it was written for, in hex; empty before the first change. */
  digest: string;
}

/** A draft with nothing in it. */
export const emptyDraft: Draft = { config: "", tags: [], ops: "", digest: "" };

function key(name: JobNameText): string {
  return `penstock.draft.${formatJobName(name)}`;
}

/** The draft of a job; what cannot be read is as good as none. */
export function loadDraft(name: JobNameText): Draft {
  try {
    const kept: unknown = JSON.parse(localStore.get(key(name)) ?? "");
    return isDraft(kept) ? { config: kept.config, tags: kept.tags.map((tag) => ({ key: tag.key, value: tag.value })), ops: kept.ops, digest: kept.digest } : emptyDraft;
  } catch {
    return emptyDraft;
  }
}

/** Keeps the draft of a job; an empty one is forgotten. */
export function saveDraft(name: JobNameText, draft: Draft): void {
  if (isEmptyDraft(draft)) localStore.remove(key(name));
  else localStore.set(key(name), JSON.stringify(draft));
}

/** Whether there is nothing in it. */
export function isEmptyDraft(draft: Draft): boolean {
  return draft.config === "" && draft.tags.length === 0 && draft.ops === "";
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { config, tags, ops, digest } = value as Partial<Record<keyof Draft, unknown>>;
  return typeof config === "string" && typeof ops === "string" && typeof digest === "string" && Array.isArray(tags) && tags.every(isTag);
}

function isTag(value: unknown): value is TagText {
  return typeof value === "object" && value !== null && typeof (value as TagText).key === "string" && typeof (value as TagText).value === "string";
}
