import { X } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import type { Tag } from "@/gen/penstock/tag/v1/tag_pb";
import { classNames } from "@/ui/class-names";
import { Link } from "@/ui/link";
import styles from "./tag-chip.module.css";
import { formatTag, isSystemTag, originText, tagLabel, type TagText } from "./tag";

type ChipTag = TagText & Partial<Pick<Tag, "origin" | "edit">>;

/** A tag as "key: value". With an address it is a link, by which runs with this tag are found. */
export function TagChip({ tag, href, faded = false, note }: { tag: ChipTag; href?: string; faded?: boolean; note?: string }) {
  const origin = tag.origin === undefined ? "" : originText({ origin: tag.origin, edit: tag.edit });
  const title = [formatTag(tag), origin, note].filter((part) => part !== undefined && part !== "").join("\n");
  const className = classNames(styles.chip, isSystemTag(tag.key) ? styles.system : styles.user, faded && styles.faded);
  const text = <TagText tag={tag} />;
  if (href === undefined) {
    return (
      <span className={className} title={title}>
        {text}
      </span>
    );
  }
  return (
    <Link href={href} className={className} title={title}>
      {text}
    </Link>
  );
}

/** A tag of a filter, with a button that takes it out. */
export function FilterChip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <span className={classNames(styles.chip, styles.filter)}>
      <span className={styles.value}>{inertText(label)}</span>
      <button type="button" className={styles.remove} aria-label={`Remove ${label} from the filter`} onClick={onRemove}>
        <X size={12} aria-hidden />
      </button>
    </span>
  );
}

function TagText({ tag }: { tag: TagText }) {
  return (
    <>
      <span className={styles.key}>
        {tagLabel(tag.key)}
        {tag.value !== "" && ": "}
      </span>
      {tag.value !== "" && <span className={styles.value}>{inertText(tag.value)}</span>}
    </>
  );
}
