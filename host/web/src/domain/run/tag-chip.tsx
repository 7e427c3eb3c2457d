import { Check, Copy, X } from "lucide-react";
import { useEffect, useState } from "react";
import { inertText } from "@/lib/inert-text";
import { formatLocal, instantMs } from "@/lib/instant";
import type { Tag } from "@/gen/penstock/tag/v1/tag_pb";
import { classNames } from "@/ui/class-names";
import { copyText } from "@/ui/clipboard";
import { Link } from "@/ui/link";
import styles from "./tag-chip.module.css";
import { tagTerm } from "@/domain/selector/selector-text";
import { formatTag, isSystemTag, originText, tagLabel, type TagText } from "./tag";

type ChipTag = TagText & Partial<Pick<Tag, "origin" | "edit">>;

/** A tag as "key: value". With an address it is a link, by which runs with this tag are found. */
export function TagChip({ tag, href, faded = false, whole = false, note, copyable = false }: {
  tag: ChipTag;
  href?: string;
  faded?: boolean;
  /** Its value is shown to the last space and line, however long. */
  whole?: boolean;
  note?: string;
  /** Beside the link there is a button that copies the tag as a selector has it; the keys for copying do the same. */
  copyable?: boolean;
}) {
  const edited = instantMs(tag.edit?.time);
  const origin = tag.origin === undefined ? "" : originText({ origin: tag.origin, edit: tag.edit }) + (edited === undefined ? "" : `, ${formatLocal(edited)}`);
  const title = [formatTag(tag), origin, note].filter((part) => part !== undefined && part !== "").join("\n");
  const className = classNames(styles.chip, isSystemTag(tag.key) ? styles.system : styles.user, faded && styles.faded, whole && styles.whole);
  const text = <TagText tag={tag} />;
  if (href === undefined) {
    return (
      <span className={className} title={title}>
        {text}
      </span>
    );
  }
  if (copyable) return <CopyableChip tag={tag} href={href} className={className} title={title} />;
  return (
    <Link href={href} className={className} title={title}>
      {text}
    </Link>
  );
}

function CopyableChip({ tag, href, className, title }: { tag: ChipTag; href: string; className: string; title: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => { setCopied(false); }, 1500);
    return () => { clearTimeout(timer); };
  }, [copied]);
  const copy = () => void copyText(tagTerm(tag)).then(setCopied);
  return (
    <span className={styles.copyable}>
      <Link
        href={href}
        className={className}
        title={`${title}\nCtrl+C copies it`}
        onKeyDown={(event) => {
          if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c") copy();
        }}
      >
        <TagText tag={tag} />
      </Link>
      {/* For the pointer only: every run has many chips, and a stop of the Tab key at each button would be in the way. */}
      <button type="button" className={styles.copy} tabIndex={-1} aria-label={`Copy ${tagTerm(tag)}`} onClick={copy}>
        {copied ? <Check size={11} aria-hidden /> : <Copy size={11} aria-hidden />}
      </button>
      {copied && (
        <span role="status" className="visually-hidden">
          Copied
        </span>
      )}
    </span>
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
