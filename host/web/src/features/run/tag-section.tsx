import { History, Pencil } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { instantMs } from "@/lib/instant";
import { paths, runsWithTag } from "@/domain/paths";
import { originText, tagLabel, userFirst } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { Button, IconButton } from "@/ui/button";
import { Note, Section } from "@/ui/panel";
import { Ago } from "@/ui/time";
import styles from "./run.module.css";

const TagEditor = lazy(() => import("./tag-editor").then((module) => ({ default: module.TagEditor })));
const TagHistory = lazy(() => import("./tag-history").then((module) => ({ default: module.TagHistory })));

/** A run's tags, each with where it came from; they can be changed in every state of the run, and have a history. */
export function TagSection({ run }: { run: Run }) {
  const [editing, setEditing] = useState(false);
  // A key, or empty for the tags that were ever there.
  const [history, setHistory] = useState<string>();
  const tags = userFirst(run.tags);
  return (
    <Section
      title="Tags"
      actions={
        <>
          <IconButton small label="History of all tags" onClick={() => { setHistory(""); }}>
            <History size={13} />
          </IconButton>
          <Button small icon={<Pencil size={12} aria-hidden />} onClick={() => { setEditing(true); }}>
            Edit tags
          </Button>
        </>
      }
    >
      {tags.length === 0 && <Note>This run has no tags.</Note>}
      <ul className={styles.tags}>
        {tags.map((tag) => {
          const edited = instantMs(tag.edit?.time);
          return (
            <li key={tag.key}>
              <TagChip tag={tag} href={paths.runs(runsWithTag(tag))} note="Click to see all runs with this tag" />
              <span className={styles.origin}>
                {originText(tag)}
                {edited !== undefined && (
                  <>
                    {" "}
                    <Ago ms={edited} />
                  </>
                )}
              </span>
              <IconButton small label={`History of ${tagLabel(tag.key)}`} onClick={() => { setHistory(tag.key); }}>
                <History size={12} />
              </IconButton>
            </li>
          );
        })}
      </ul>
      <Suspense>
        {editing && <TagEditor run={run} onClose={() => { setEditing(false); }} />}
        {history !== undefined && <TagHistory run={run} tagKey={history} onClose={() => { setHistory(undefined); }} />}
      </Suspense>
    </Section>
  );
}
