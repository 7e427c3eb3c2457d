import { Undo2, X } from "lucide-react";
import { tagLabel } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import type { PreviewRunResponse } from "@/gen/penstock/host/v1/run_pb";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import { Button, IconButton } from "@/ui/button";
import { Note, Section } from "@/ui/panel";
import type { ParentRun } from "./draft";
import styles from "./launchpad.module.css";

/** Tags that the run gets from the one that is executed again; each can be left out. */
export function InheritedTags({ parent, preview, onChange }: { parent: ParentRun; preview: PreviewRunResponse | undefined; onChange: (parent: ParentRun) => void }) {
  const inherited = (preview?.tags ?? []).filter((tag) => tag.origin === Origin.INHERITED && !parent.withoutTags.includes(tag.key));
  const { withoutTags } = parent;
  return (
    <Section title="Tags of the run that is executed again">
      {preview !== undefined && inherited.length === 0 && withoutTags.length === 0 && <Note>It passes none on.</Note>}
      <ul className={styles.inherited} aria-label="Inherited tags">
        {inherited.map((tag) => (
          <li key={tag.key}>
            <TagChip tag={tag} />
            <IconButton label={`Leave out ${tagLabel(tag.key)}`} small onClick={() => { onChange({ ...parent, withoutTags: [...withoutTags, tag.key] }); }}>
              <X size={13} />
            </IconButton>
          </li>
        ))}
        {withoutTags.map((key) => (
          <li key={key}>
            <span className={styles.origin}>{tagLabel(key)} is left out</span>
            <Button small icon={<Undo2 size={12} aria-hidden />} onClick={() => { onChange({ ...parent, withoutTags: withoutTags.filter((each) => each !== key) }); }}>
              Put back
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
