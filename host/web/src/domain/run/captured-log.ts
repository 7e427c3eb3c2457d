import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { formatBytes } from "@/lib/bytes";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { TerminalText } from "@/lib/terminal-text";

/** Where something was written. */
export type Stream = "stdout" | "stderr";

/** A line of what was written, or a word of this page about it. */
export interface CapturedLine {
  kind: "text" | "note";
  stream: Stream;
  /** Empty when it is not known which op wrote it. */
  opPath: string;
  /** Ops that ran then, when opPath is empty. */
  candidates: readonly string[];
  text: string;
  /** The worker's clock, of its beginning. */
  ms: number | undefined;
}

/** What components see of the log; a new object with each change. */
export interface CapturedLogView {
  lines: readonly CapturedLine[];
  /** Lines that came before those, and were left out because a page holds only so much. */
  dropped: number;
  /** Set when everything stored has been sent and no more comes. */
  complete: boolean;
}

/** How much a page holds: lines, and characters in all. */
export const mostLines = 50_000;
export const mostCharacters = 8_000_000;
// A line without end is parted.
const longestLine = 4_000;

// One writer: an op's stdout or stderr, in one attempt. Pieces are cut anywhere, within a character too.
class Writer {
  readonly decoder = new TextDecoder();
  readonly terminal = new TerminalText();
  line: CapturedLine | undefined;
  /** A carriage return came last: what follows begins the line anew, unless it is the line's end. */
  returned = false;
}

/** What a run's ops wrote to stdout and stderr: the last of it, as much as a page may hold. */
export class CapturedLog {
  private lines: CapturedLine[] = [];
  private characters = 0;
  private dropped = 0;
  private complete = false;
  private attempt = 0;
  private readonly writers = new Map<string, Writer>();
  private readonly gone = new WeakSet<CapturedLine>();
  private readonly listeners = new Set<() => void>();
  private view: CapturedLogView = { lines: [], dropped: 0, complete: false };

  readonly get = (): CapturedLogView => this.view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Adds events; those that are no captured output are left out. */
  add(events: readonly StoredEvent[]): void {
    for (const stored of events) this.addOne(stored);
    this.trim();
    this.changed();
  }

  /** Says that nothing more comes. */
  finish(): void {
    for (const writer of this.writers.values()) {
      const rest = writer.decoder.decode();
      if (writer.line !== undefined && rest !== "") this.append(writer, writer.line, rest);
    }
    this.complete = true;
    this.changed();
  }

  private addOne({ attempt, event }: StoredEvent): void {
    if (event?.detail.case !== "captured") return;
    const { descriptor, data, skipped, candidates } = event.detail.value;
    const { opPath, opAttempt } = event;
    const line: Omit<CapturedLine, "kind" | "text"> = { stream: descriptor === 2 ? "stderr" : "stdout", opPath, candidates, ms: instantMs(event.time) };
    if (attempt > this.attempt) {
      if (this.attempt > 0) this.note({ ...line, opPath: "" }, `Attempt ${attempt} of the run`);
      this.attempt = attempt;
    }
    const key = `${attempt} ${opPath} ${opAttempt} ${descriptor}`;
    let writer = this.writers.get(key);
    // What comes after a gap goes on with nothing from before it.
    if (writer === undefined || skipped > 0n) {
      const first = writer === undefined;
      writer = new Writer();
      this.writers.set(key, writer);
      if (first && opAttempt > 1) this.note(line, `Attempt ${opAttempt} of ${opPath}`);
    }
    if (skipped > 0n) this.note(line, `${formatBytes(skipped)} of ${line.stream} left out here: only so much of it is kept`);
    this.write(writer, line, writer.terminal.add(writer.decoder.decode(data, { stream: true })));
  }

  private write(writer: Writer, base: Omit<CapturedLine, "kind" | "text">, text: string): void {
    if (writer.line !== undefined && this.gone.has(writer.line)) writer.line = undefined;
    for (const part of text.match(/\r|\n|[^\r\n]+/g) ?? []) {
      if (part === "\r") {
        writer.returned = true;
        continue;
      }
      if (part === "\n") {
        // An empty line is a line, too.
        if (writer.line === undefined) this.begin(writer, base);
        writer.line = undefined;
        writer.returned = false;
        continue;
      }
      let line = writer.line ?? this.begin(writer, base);
      if (writer.returned) this.replace(line, "");
      writer.returned = false;
      for (let rest = inertText(part); rest !== ""; ) {
        if (line.text.length >= longestLine) line = this.begin(writer, base);
        const room = longestLine - line.text.length;
        this.append(writer, line, rest.slice(0, room));
        rest = rest.slice(room);
      }
    }
  }

  private begin(writer: Writer, base: Omit<CapturedLine, "kind" | "text">): CapturedLine {
    const line: CapturedLine = { kind: "text", text: "", ...base };
    this.lines.push(line);
    writer.line = line;
    return line;
  }

  private append(writer: Writer, line: CapturedLine, text: string): void {
    this.replace(line, line.text + text);
    writer.line = line;
  }

  private replace(line: CapturedLine, text: string): void {
    this.characters += text.length - line.text.length;
    line.text = text;
  }

  private note(base: Omit<CapturedLine, "kind" | "text">, text: string): void {
    this.lines.push({ ...base, kind: "note", text });
    this.characters += text.length;
  }

  private trim(): void {
    let [drop, characters] = [Math.max(0, this.lines.length - mostLines), this.characters];
    for (const line of this.lines.slice(0, drop)) characters -= line.text.length;
    while (characters > mostCharacters && drop < this.lines.length) characters -= this.lines[drop++]?.text.length ?? 0;
    if (drop === 0) return;
    for (const line of this.lines.slice(0, drop)) this.gone.add(line);
    this.dropped += drop;
    this.characters = characters;
    this.lines = this.lines.slice(drop);
  }

  private changed(): void {
    this.view = { lines: this.lines.slice(), dropped: this.dropped, complete: this.complete };
    for (const listener of [...this.listeners]) listener();
  }
}

/** Which lines are shown. */
export interface CapturedFilter {
  /** Undefined for both. */
  stream: Stream | undefined;
  /** Only what is not known to be of one op. */
  unattributed: boolean;
}

/** The lines that a filter lets through; words of this page stay with what they are about. */
export function filterLines(lines: readonly CapturedLine[], { stream, unattributed }: CapturedFilter): readonly CapturedLine[] {
  if (stream === undefined && !unattributed) return lines;
  return lines.filter((line) => (stream === undefined || line.stream === stream) && (!unattributed || line.opPath === ""));
}

/** Whose line it is, for people: the op, or those that it may be of. */
export function writerText({ opPath, candidates }: CapturedLine): string {
  if (opPath !== "") return opPath;
  if (candidates.length === 0) return "not known";
  return candidates.length === 1 ? `${candidates[0] ?? ""}?` : `one of ${plural(candidates.length, "op")}`;
}

/** Lines as a file holds them: with the op before each when there are several. */
export function linesText(lines: readonly CapturedLine[], withOps: boolean): string {
  return lines.map((line) => (line.kind === "note" ? `--- ${line.text}\n` : `${withOps ? `${writerText(line)}: ` : ""}${line.text}\n`)).join("");
}
