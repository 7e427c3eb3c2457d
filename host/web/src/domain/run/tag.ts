import { Origin, type Tag } from "@/gen/penstock/tag/v1/tag_pb";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { inertText } from "@/lib/inert-text";

const systemPrefix = "penstock/";

/** What a filter needs of a tag. */
export interface TagText {
  key: string;
  value: string;
}

/** Whether the key is one of the system's own. */
export function isSystemTag(key: string): boolean {
  return key.startsWith(systemPrefix);
}

/** Tags with the system's own after all others; otherwise in their order. */
export function userFirst<T extends TagText>(tags: readonly T[]): T[] {
  return [...tags.filter((tag) => !isSystemTag(tag.key)), ...tags.filter((tag) => isSystemTag(tag.key))];
}

/** The key as shown: the system's prefix says nothing to a reader. */
export function tagLabel(key: string): string {
  return isSystemTag(key) ? key.slice(systemPrefix.length) : key;
}

/** "key:value", as addresses carry tags. Keys hold no colon, so the first one parts them. */
export function formatTag({ key, value }: TagText): string {
  return `${key}:${value}`;
}

/** Reads formatTag's form, and "key=value" as the command line takes it; undefined without a key. */
export function parseTag(text: string): TagText | undefined {
  const at = text.search(/[:=]/);
  const key = at < 0 ? text.trim() : text.slice(0, at).trim();
  if (key === "") return undefined;
  return { key, value: at < 0 ? "" : text.slice(at + 1) };
}

/** Where a tag came from, for people. */
export function originText(tag: Pick<Tag, "origin" | "edit">): string {
  switch (tag.origin) {
    case Origin.UNSPECIFIED:
      return "";
    case Origin.DEFINITION:
      return "from the job's definition";
    case Origin.SCHEDULE:
      return "from a schedule";
    case Origin.SENSOR:
      return "from a sensor";
    case Origin.PARTITION:
      return "from the partition";
    case Origin.LAUNCH:
      return "given at launch";
    case Origin.INHERITED:
      return "from the parent run";
    case Origin.SYSTEM:
      return "set by Penstock";
    case Origin.EDITED:
      return tag.edit === undefined || tag.edit.user === "" ? "edited" : `edited by ${inertText(tag.edit.user)}`;
    case Origin.RUN:
      return "set by the run's code";
    default:
      return otherOrigin(tag.origin);
  }
}

// The contract may gain origins; a reader shows those as "other".
function otherOrigin(origin: never): string {
  return typeof origin === "number" ? "other origin" : assertUnreachable(origin);
}
