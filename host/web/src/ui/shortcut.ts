import { useEffect, useEffectEvent } from "react";

/**
 * Calls action when keys are pressed: "/", "Mod+Enter" (Mod is Ctrl or Cmd) or "Alt+t". A key alone does nothing while
 * the reader types somewhere.
 */
export function useShortcut(keys: string, action: () => void, enabled = true): void {
  const act = useEffectEvent(action);
  useEffect(() => {
    if (!enabled) return;
    const listener = (event: KeyboardEvent) => {
      if (!matches(keys, event)) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    };
    // In the capture phase: an editor would swallow Mod+Enter.
    window.addEventListener("keydown", listener, true);
    return () => {
      window.removeEventListener("keydown", listener, true);
    };
  }, [keys, enabled]);
}

function matches(keys: string, event: KeyboardEvent): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1) ?? "";
  const mod = parts.includes("Mod");
  const alt = parts.includes("Alt");
  // With Alt a letter may be another character: what counts is the key on the board.
  const pressed = alt ? event.code === `Key${key.toUpperCase()}` : event.key.toLowerCase() === key.toLowerCase();
  if (!pressed || (event.ctrlKey || event.metaKey) !== mod || event.altKey !== alt) return false;
  return mod || alt || !isTyping(event.target);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
