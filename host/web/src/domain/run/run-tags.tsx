import { useState } from "react";
import { plural } from "@/lib/plural";
import type { Tag } from "@/gen/penstock/tag/v1/tag_pb";
import { TextButton } from "@/ui/button";
import { tagTerm } from "@/domain/selector/selector-text";
import { withWhere, type RunsView } from "@/domain/paths";
import styles from "./run-table.module.css";
import { TagChip } from "./tag-chip";

// A run may have 256 tags; a row shows as many as a few lines hold, so that the next runs stay in sight.
const shownAtFirst = 12;

/** A run's tags in a row; each adds itself to the filter. */
export function RunTags({ tags, view, hrefOf }: { tags: readonly Tag[]; view: RunsView; hrefOf: (view: RunsView) => string }) {
  const [all, setAll] = useState(false);
  if (tags.length === 0) return null;
  // One more takes no more room than the words that there is one.
  const many = tags.length > shownAtFirst + 1;
  const shown = all || !many ? tags : tags.slice(0, shownAtFirst);
  return (
    <ul className={styles.tags} aria-label="Tags">
      {shown.map((tag) => (
        <li key={tag.key}>
          <TagChip tag={tag} href={hrefOf(withWhere(view, tagTerm(tag)))} note="Click to filter by this tag" copyable />
        </li>
      ))}
      {many && (
        <li>
          <TextButton aria-expanded={all} onClick={() => { setAll(!all); }}>
            {all ? "Fewer tags" : plural(tags.length - shown.length, "more tag")}
          </TextButton>
        </li>
      )}
    </ul>
  );
}
