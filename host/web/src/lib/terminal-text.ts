const escape = "\u001b";
const bell = "\u0007";
// Longer than any that is meant; what is no sequence after all must not eat the rest of the output.
const longest = 4096;

/**
 * Takes out what is meant for a terminal: colours, movements of the cursor, titles, links. Text may be cut anywhere, also
 * within such a sequence; what is not whole waits for the rest.
 */
export class TerminalText {
  private held = "";

  /** The text without sequences; line breaks, tabs and carriage returns stay. */
  add(text: string): string {
    const all = this.held + text;
    this.held = "";
    let out = "";
    let at = 0;
    for (;;) {
      const next = all.indexOf(escape, at);
      if (next < 0) return out + all.slice(at);
      out += all.slice(at, next);
      const end = sequenceEnd(all, next);
      if (end === undefined && all.length - next <= longest) {
        this.held = all.slice(next);
        return out;
      }
      at = end ?? next + 1;
    }
  }
}

// Where the sequence that begins with an escape ends; undefined when the text ends before it does.
function sequenceEnd(text: string, at: number): number | undefined {
  const kind = text[at + 1];
  if (kind === undefined) return undefined;
  if (kind === "[") return match(text, at + 2, /[0-?]*[ -/]*/y, 1);
  // Operating system commands and other strings end with a bell or with escape and backslash.
  if ("]PX^_".includes(kind)) {
    const ends = [text.indexOf(bell, at), text.indexOf(`${escape}\\`, at + 2)].filter((end) => end >= 0);
    const end = Math.min(...ends);
    return ends.length === 0 ? undefined : text[end] === bell ? end + 1 : end + 2;
  }
  return match(text, at + 1, /[ -/]*/y, 1);
}

function match(text: string, from: number, pattern: RegExp, last: number): number | undefined {
  pattern.lastIndex = from;
  const end = from + (pattern.exec(text)?.[0].length ?? 0) + last;
  return end > text.length ? undefined : end;
}

