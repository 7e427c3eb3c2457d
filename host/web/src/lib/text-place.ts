/** The part of a one-line field's text that begins at a place, in UTF-16 units: a word, or one character. Line breaks of the text are not in the field. */
export function fieldRange(text: string, line: number, column: number): [start: number, end: number] {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).join("").length;
  const [at, rest] = cut(lines[line - 1] ?? "", column - 1);
  const start = before + at.length;
  return [start, start + (/^(?:[^\s,()+*:"]+|.)/u.exec(rest)?.[0].length ?? 0)];
}

function cut(text: string, codePoints: number): [before: string, rest: string] {
  const all = Array.from(text);
  return [all.slice(0, codePoints).join(""), all.slice(codePoints).join("")];
}
