import { isSystemTag, type TagText } from "@/domain/run/tag";
import { Origin, type Tag } from "@/gen/penstock/tag/v1/tag_pb";
import { tagsOf, type TagRow } from "@/domain/run/tag-rows";
import type { TagEditing } from "./use-tag-edit";

/** Whether people may change a tag: those that the system set stay. */
export function isEditable(tag: Pick<Tag, "origin">): boolean {
  return tag.origin !== Origin.SYSTEM;
}

/** What rows change of the tags that were there when they were opened; what others changed meanwhile stays. */
export function tagEdit(before: readonly TagText[], rows: readonly TagRow[]): TagEditing {
  const after = tagsOf(rows);
  return {
    set: after.filter((tag) => before.find((other) => other.key === tag.key)?.value !== tag.value),
    remove: before.filter((tag) => !after.some((other) => other.key === tag.key)).map((tag) => tag.key),
  };
}

/** Whether there is anything to change. */
export function isEdit({ set, remove }: TagEditing): boolean {
  return set.length > 0 || remove.length > 0;
}

/** What brings a tag back to what it was; undefined when it is like that, or cannot be changed by people. */
export function putBack(earlier: { key: string; value: string | undefined; origin: Origin }, now: readonly Tag[]): TagEditing | undefined {
  const { key, value, origin } = earlier;
  const current = now.find((tag) => tag.key === key);
  if (current?.value === value || origin === Origin.SYSTEM || (current !== undefined && !isEditable(current)) || (isSystemTag(key) && current === undefined && value === undefined)) return undefined;
  return value === undefined ? { set: [], remove: [key] } : { set: [{ key, value }], remove: [] };
}
