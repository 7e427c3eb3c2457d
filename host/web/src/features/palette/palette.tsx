import { useNavigate } from "@tanstack/react-router";
import { useId, useState, type KeyboardEvent } from "react";
import { Dialog } from "@/ui/dialog";
import { classNames } from "@/ui/class-names";
import { SearchField } from "@/ui/field";
import { Link } from "@/ui/link";
import { useFound, type Found } from "./found";
import styles from "./palette.module.css";

/** Looks for jobs, runs, locations and actions; the arrows choose, Enter opens. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const id = useId();
  const { found, searching } = useFound(text);
  const chosen = Math.min(at, found.length - 1);
  const open = (one: Found) => {
    onClose();
    if (one.run === undefined) void navigate({ href: one.href });
    else one.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setAt((chosen + step + found.length) % found.length);
    }
    const one = found[chosen];
    if (event.key === "Enter" && one !== undefined) {
      event.preventDefault();
      open(one);
    }
  };
  return (
    <Dialog title="Search" opened onClose={onClose} size="lg">
      <SearchField
        role="combobox"
        aria-label="Search jobs, runs by id, locations and actions"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={found.length === 0 ? undefined : `${id}-${chosen}`}
        placeholder="Job, run id, location or action"
        data-autofocus
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={id} role="listbox" aria-label="Found" className={styles.list}>
        {found.map((one, index) => (
          <li key={one.key} role="presentation" ref={index === chosen ? scrollIntoView : undefined}>
            <Link
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === chosen}
              href={one.href}
              tabIndex={-1}
              className={classNames(styles.item, index === chosen && styles.chosen)}
              onClick={(event) => {
                event.preventDefault();
                open(one);
              }}
            >
              {one.icon}
              <span className={styles.label}>{one.label}</span>
              <span className={styles.detail}>{one.detail}</span>
            </Link>
          </li>
        ))}
      </ul>
      <p className={styles.none} role="status">
        {found.length === 0 && (searching ? "Searching…" : "Nothing found. Runs are found by the beginning of their id.")}
      </p>
    </Dialog>
  );
}

function scrollIntoView(element: HTMLElement | null) {
  element?.scrollIntoView({ block: "nearest" });
}
