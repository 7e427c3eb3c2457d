/** The lines of a text, as an editor's document has them. */
interface Lines {
  lines: number;
  line: (number: number) => { from: number; to: number; text: string };
}

/** The offset of a place in a document; a place that is not there any more is the nearest that is. */
export function offsetOf(document: Lines, place: { line: number; column: number }): number {
  const line = document.line(Math.min(Math.max(place.line, 1), document.lines));
  // Columns count code points; offsets count UTF-16 units.
  const before = Array.from(line.text).slice(0, Math.max(place.column - 1, 0)).join("");
  return line.from + before.length;
}
