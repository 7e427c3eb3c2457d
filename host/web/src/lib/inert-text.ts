// Spared: tab and line break, and the two joiners, which emoji and several scripts are written with.
const active = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Text that users wrote, with what a terminal or a reader's eye would obey made visible: control characters, and
 * invisible formatting such as right-to-left overrides. The same rule as metadata.Inert of the SDK.
 */
export function inertText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(active, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
}
