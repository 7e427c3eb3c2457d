import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { ExactNumber, parseExactJson, type ExactJson } from "@/lib/exact-json";
import { plural } from "@/lib/plural";
import { TextButton } from "./button";
import styles from "./json-tree.module.css";

// More members than this are shown on request: a value may hold a hundred thousand.
const step = 100;

/** JSON text as a tree whose branches open; text that is no JSON is shown as it is. */
export function JsonTree({ text, openTo = 1 }: { text: string; openTo?: number }) {
  const value = parseExactJson(text);
  if (value === undefined) return <code className={styles.text}>{text}</code>;
  return (
    <div className={styles.tree}>
      <Value value={value} depth={0} openTo={openTo} />
    </div>
  );
}

function Value({ value, depth, openTo }: { value: ExactJson; depth: number; openTo: number }) {
  if (value === null) return <span className={styles.word}>null</span>;
  if (typeof value === "boolean") return <span className={styles.word}>{String(value)}</span>;
  if (typeof value === "number") return <span className={styles.number}>{String(value)}</span>;
  if (value instanceof ExactNumber) return <span className={styles.number}>{value.digits}</span>;
  if (typeof value === "string") return <span className={styles.string}>{JSON.stringify(value)}</span>;
  const list = Array.isArray(value);
  const members: [string, ExactJson][] = list ? value.map((item, index) => [String(index), item]) : Object.entries(value);
  if (members.length === 0) return <span>{list ? "[]" : "{}"}</span>;
  return <Branch members={members} list={list} depth={depth} openTo={openTo} />;
}

function Branch({ members, list, depth, openTo }: { members: [string, ExactJson][]; list: boolean; depth: number; openTo: number }) {
  const [open, setOpen] = useState(depth < openTo);
  const [count, setCount] = useState(step);
  const size = list ? plural(members.length, "item") : plural(members.length, "key");
  return (
    <>
      <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => { setOpen(!open); }}>
        {open ? <ChevronDown size={12} aria-hidden /> : <ChevronRight size={12} aria-hidden />}
        {list ? "[" : "{"}
        {!open && `…${list ? "]" : "}"}`} <span className={styles.size}>{size}</span>
      </button>
      {open && (
        <ul className={styles.members}>
          {members.slice(0, count).map(([key, member]) => (
            <li key={key}>
              <span className={styles.key}>{list ? key : JSON.stringify(key)}</span>: <Value value={member} depth={depth + 1} openTo={openTo} />
            </li>
          ))}
          {members.length > count && (
            <li>
              <TextButton onClick={() => { setCount(count + 10 * step); }}>show {plural(members.length - count, "more", "more")}</TextButton>
            </li>
          )}
        </ul>
      )}
    </>
  );
}
