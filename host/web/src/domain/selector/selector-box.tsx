import { useEffect, useEffectEvent, useId, useRef, useState } from "react";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { inertText } from "@/lib/inert-text";
import { CompleteSelectorResponse_Suggestion_Kind as Kind, SelectorSubject, type CompleteSelectorResponse_Suggestion as Suggestion } from "@/gen/penstock/host/v1/runfilter_pb";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { Combobox } from "@/ui/combobox";
import { Kbd } from "@/ui/kbd";
import styles from "./selector-box.module.css";
import { aroundPart, codePointsBefore, isSelector, markedText } from "./selector-text";
import { useCompletion, useSelectorCheck } from "./use-completion";

interface SelectorBoxProps {
  label: string;
  placeholder: string;
  /** What is applied now. */
  value: string;
  /** What is wrong with that, if the host says so. */
  problem?: Problem | undefined;
  subject: SelectorSubject;
  /** A text is applied: with Enter, when nothing is wrong with it. */
  onApply: (text: string) => void;
  /** Set where words that are no selector are looked for as they are typed. */
  onWords?: (text: string) => void;
}

/** A field for a selector: offers fields, keys and values with their counts, and says what is wrong and where. */
export function SelectorBox({ label, placeholder, value, problem, subject, onApply, onWords }: SelectorBoxProps) {
  const [text, setText] = useState(value);
  const [applied, setApplied] = useState(value);
  const [cursor, setCursor] = useState(0);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [refused, setRefused] = useState<{ text: string; problem: Problem }>();
  // What is looked at before it is applied; typing on takes that back.
  const [asked, setAsked] = useState<{ text: string }>();
  const input = useRef<HTMLInputElement>(null);
  // Where the cursor goes once the text that was taken is in the field.
  const wantedCursor = useRef<number>(undefined);
  const id = useId();
  if (applied !== value) {
    setApplied(value);
    setAsked(undefined);
    // Words that were typed reach the address a moment later than the field.
    if (onWords === undefined || value !== text.trim()) setText(value);
  }
  useEffect(() => {
    if (wantedCursor.current === undefined) return;
    input.current?.setSelectionRange(wantedCursor.current, wantedCursor.current);
    wantedCursor.current = undefined;
  }, [text]);
  // What the page shows, and acts on, is not what the field says.
  const unapplied = text.trim() !== value.trim() && (onWords === undefined || isSelector(text));
  const check = useEffectEvent(useSelectorCheck(subject));
  // By then the page may show other runs: the text is applied to these.
  const answer = useEffectEvent((checked: string, wrong: Problem | undefined) => {
    setAsked(undefined);
    if (wrong === undefined) onApply(checked);
    else setRefused({ text: checked, problem: wrong });
  });
  useEffect(() => {
    if (asked === undefined) return;
    let over = false;
    void check(asked.text).then((wrong) => { if (!over) answer(asked.text, wrong); });
    return () => { over = true; };
  }, [asked]);
  const completion = useCompletion(text, cursor, subject, open);
  const suggestions = completion?.suggestions ?? [];
  const shown = refused?.text === text ? refused.problem : text === value ? problem : undefined;

  const write = (next: string, at: number) => {
    setText(next);
    setAsked(undefined);
    setCursor(codePointsBefore(next, at));
    setActive(-1);
  };
  const take = (index: number) => {
    const suggestion = suggestions[index];
    const parts = completion === undefined ? undefined : aroundPart(completion, text);
    // What is shown may have been said of a text that is no more.
    if (suggestion === undefined || parts === undefined) return;
    const [before, after] = parts;
    const taken = before + suggestion.text + (endsWord(suggestion) && !after.startsWith(" ") ? " " : "");
    wantedCursor.current = taken.length;
    write(taken + after, taken.length);
  };
  const apply = () => {
    const trimmed = text.trim();
    if (trimmed !== text) setText(trimmed);
    if (trimmed === "" || (onWords !== undefined && !isSelector(trimmed))) {
      setAsked(undefined);
      onApply(trimmed);
    } else setAsked({ text: trimmed });
  };
  return (
    <div className={styles.box}>
      <Combobox
        ref={input}
        aria-label={label}
        placeholder={placeholder}
        value={text}
        aria-invalid={shown !== undefined}
        aria-describedby={shown === undefined ? undefined : id}
        options={suggestions.map((suggestion) => ({
          key: `${suggestion.kind} ${suggestion.text}`,
          label: inertText(suggestion.label),
          kind: kindText(suggestion.kind),
          detail: detailOf(suggestion, subject),
        }))}
        optionsLabel="Suggestions"
        foot={completion?.more === true ? "There are more: type on" : undefined}
        end={unapplied ? <Kbd keys="Enter" /> : undefined}
        open={open}
        active={active}
        onText={(next, at) => {
          write(next, at);
          setOpen(true);
          if (onWords !== undefined && !isSelector(next)) onWords(next.trim());
        }}
        onCursor={(at) => { setCursor(codePointsBefore(text, at)); }}
        onOpen={(next) => {
          setOpen(next);
          setActive(-1);
        }}
        onActive={setActive}
        onTake={take}
        onEnter={apply}
      />
      {shown !== undefined && <Mistake id={id} text={text} problem={shown} />}
    </div>
  );
}

function Mistake({ id, text, problem }: { id: string; text: string; problem: Problem }) {
  const [before, at, after] = markedText(text, problem.column);
  return (
    <div id={id} role="alert" className={styles.mistake}>
      {problem.column > 0 && (
        <code className={styles.marked}>
          {inertText(before)}
          <mark>{at === "" ? " " : inertText(at)}</mark>
          {inertText(after)}
        </code>
      )}
      <p>
        {problem.column > 0 && `Column ${problem.column}: `}
        {inertText(problem.message)}
      </p>
    </div>
  );
}

// After these comes another word; after a field or a key comes an operator.
function endsWord({ kind, text }: Suggestion): boolean {
  return kind === Kind.VALUE || (kind === Kind.WORD && /[\p{L})]$/u.test(text));
}

function detailOf({ kind, count }: Suggestion, subject: SelectorSubject): string | undefined {
  if (subject === SelectorSubject.JOBS && count === 0n) return undefined;
  return kind === Kind.TAG_KEY || kind === Kind.METADATA_KEY || kind === Kind.VALUE ? grouped.format(count) : undefined;
}

const grouped = new Intl.NumberFormat("en");

function kindText(kind: Kind): string {
  switch (kind) {
    case Kind.FIELD:
      return "field";
    case Kind.TAG_KEY:
      return "tag";
    case Kind.METADATA_KEY:
      return "metadata";
    case Kind.VALUE:
      return "value";
    case Kind.WORD:
    case Kind.UNSPECIFIED:
      return "";
    default:
      return otherKind(kind);
  }
}

// A newer host may suggest what this page has no word for.
function otherKind(kind: never): string {
  return typeof kind === "number" ? "" : assertUnreachable(kind);
}
