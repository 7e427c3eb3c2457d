import { localStore } from "@/lib/browser-storage";
import { ValueStore } from "@/lib/value-store";

const key = "penstock.editor";

/** What the reader wants to be called where it is said who changed something; kept in the browser, empty for no name. */
export const editorName = new ValueStore(localStore.get(key) ?? "");

/** Keeps another name. */
export function setEditorName(name: string): void {
  localStore.set(key, name);
  editorName.set(name);
}

/** Who asks, as the host is told. */
export function editor(): string {
  const name = editorName.get().trim();
  return name === "" ? "web UI" : name;
}
