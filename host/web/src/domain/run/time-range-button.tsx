import { CalendarClock, Check } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { createdTerms, withCreated } from "@/domain/selector/selector-text";
import { Button } from "@/ui/button";
import { Label, TextField } from "@/ui/field";
import { Popover } from "@/ui/popover";
import styles from "./filter-tools.module.css";
import { localTimeOf, rangeTerms, spans, timeRangeLabel } from "./time-range";

/** Chooses when runs were created: edits the terms of the selector that say so, and leaves all else. */
export function TimeRangeButton({ where, onChange }: { where: string; onChange: (where: string) => void }) {
  const [opened, setOpened] = useState(false);
  const label = timeRangeLabel(where);
  const choose = (terms: readonly string[]) => {
    setOpened(false);
    onChange(withCreated(where, terms));
  };
  const choices = [{ label: "Any time", terms: [] as string[] }, ...spans.map((span) => ({ label: span.label, terms: [span.term] }))];
  return (
    <Popover
      label="When runs were created"
      opened={opened}
      onChange={setOpened}
      target={
        <Button icon={<CalendarClock size={13} aria-hidden />} aria-expanded={opened} aria-haspopup="dialog" title={createdTerms(where).join(" and ")} onClick={() => { setOpened(!opened); }}>
          {label}
        </Button>
      }
    >
      <ul className={styles.choices} aria-label="Times">
        {choices.map((choice) => (
          <li key={choice.label}>
            <Button look="quiet" small aria-pressed={choice.label === label} icon={<Check size={13} aria-hidden visibility={choice.label === label ? undefined : "hidden"} />} onClick={() => { choose(choice.terms); }}>
              {choice.label}
            </Button>
          </li>
        ))}
      </ul>
      <CustomRange key={where} where={where} onChoose={choose} />
    </Popover>
  );
}

function CustomRange({ where, onChoose }: { where: string; onChoose: (terms: string[]) => void }) {
  const [from, setFrom] = useState(() => localTimeOf(where, ">"));
  const [until, setUntil] = useState(() => localTimeOf(where, "<"));
  const terms = rangeTerms(from, until);
  const backwards = from !== "" && until !== "" && from >= until;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (terms.length > 0 && !backwards) onChoose(terms);
  };
  return (
    <form className={styles.custom} onSubmit={submit}>
      <div>
        <Label htmlFor="created-from">From</Label>
        <TextField id="created-from" type="datetime-local" value={from} onChange={(event) => { setFrom(event.target.value); }} />
      </div>
      <div>
        <Label htmlFor="created-until">Until</Label>
        <TextField id="created-until" type="datetime-local" value={until} aria-invalid={backwards} onChange={(event) => { setUntil(event.target.value); }} />
      </div>
      {backwards && <p role="alert">It ends before it begins.</p>}
      <Button type="submit" small disabled={terms.length === 0 || backwards}>
        Use these times
      </Button>
    </form>
  );
}
