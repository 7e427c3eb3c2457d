import { useId } from "react";
import { useValue } from "@/lib/value-store";
import { Label, TextField } from "@/ui/field";
import { editorName, setEditorName } from "./editor-name";

// The host takes 200 bytes; a character has four at most.
const longest = 50;

/** A field for the name that the history gives to who changes something. */
export function EditorNameField() {
  const id = useId();
  const name = useValue(editorName);
  return (
    <div>
      <Label htmlFor={id}>Your name, for the history; kept in this browser</Label>
      <TextField id={id} maxLength={longest} placeholder="web UI" value={name} onChange={(event) => { setEditorName(event.target.value); }} />
    </div>
  );
}
