const maxBytes = 2048;

/**
 * Whether a text may become the target of a link: http, https or mailto, or a path on this origin. The same rule as
 * metadata.SafeLink of the SDK, so that what a definition may hold is what a browser opens.
 */
export function isSafeLink(text: string): boolean {
  if (text === "" || new TextEncoder().encode(text).length > maxBytes) return false;
  // Spaces, control characters and backslashes are read differently by different parsers.
  if (/[\s\\\p{C}]/u.test(text)) return false;
  if (/^https?:\/\//i.test(text)) return hasHost(text);
  if (/^mailto:/i.test(text)) return text.length > "mailto:".length;
  return text.startsWith("/") && !text.startsWith("//");
}

function hasHost(text: string): boolean {
  try {
    return new URL(text).hostname !== "";
  } catch {
    return false;
  }
}
