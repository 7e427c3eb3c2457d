import { Bookmark, Trash2 } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { useValue } from "@/lib/value-store";
import { isFiltered, type RunsView } from "@/domain/paths";
import { Button, IconButton } from "@/ui/button";
import { Label, TextField } from "@/ui/field";
import { Link } from "@/ui/link";
import { Note } from "@/ui/panel";
import { Popover } from "@/ui/popover";
import { deleteView, savedViews, saveView } from "./saved-views";
import styles from "./filter-tools.module.css";

/** Filters that were given a name in this browser: applies, saves and deletes them. */
export function SavedViewsButton({ view, hrefOf }: { view: RunsView; hrefOf: (view: RunsView) => string }) {
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState("");
  const views = useValue(savedViews);
  const replaces = views.some((each) => each.name === name.trim());
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    saveView({ name: name.trim(), where: view.where, statuses: view.statuses });
    setName("");
  };
  return (
    <Popover
      label="Saved views"
      opened={opened}
      onChange={setOpened}
      target={
        <Button icon={<Bookmark size={13} aria-hidden />} aria-expanded={opened} aria-haspopup="dialog" onClick={() => { setOpened(!opened); }}>
          Views
        </Button>
      }
    >
      {views.length === 0 && <Note>Nothing is saved in this browser yet.</Note>}
      <ul className={styles.views} aria-label="Views">
        {views.map((each) => (
          <li key={each.name}>
            <Link href={hrefOf({ ...view, where: each.where, statuses: each.statuses, cursor: "" })} title={each.where} onClick={() => { setOpened(false); }}>
              {each.name}
            </Link>
            <IconButton small label={`Delete the view ${each.name}`} onClick={() => { deleteView(each.name); }}>
              <Trash2 size={13} />
            </IconButton>
          </li>
        ))}
      </ul>
      {isFiltered(view) ? (
        <form className={styles.save} onSubmit={save}>
          <Label htmlFor="view-name">Save the present filter as</Label>
          <div>
            <TextField id="view-name" data-autofocus maxLength={60} value={name} onChange={(event) => { setName(event.target.value); }} />
            <Button type="submit" disabled={name.trim() === ""}>
              {replaces ? "Replace" : "Save"}
            </Button>
          </div>
        </form>
      ) : (
        <Note>Filter the runs, then give the filter a name here.</Note>
      )}
    </Popover>
  );
}
