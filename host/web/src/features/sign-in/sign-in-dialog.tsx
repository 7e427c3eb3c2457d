import { useQueryClient } from "@tanstack/react-query";
import { useId, useState, type SyntheticEvent } from "react";
import { session, signIn } from "@/domain/host/session";
import { useValue } from "@/lib/value-store";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Label, TextField } from "@/ui/field";
import { Note } from "@/ui/panel";
import { Callout } from "@/ui/states";

/** Asks for the token that the host wants. */
export function SignInDialog() {
  const { token } = useValue(session);
  const [text, setText] = useState("");
  const cache = useQueryClient();
  const field = useId();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const given = text.trim();
    if (given === "") return;
    signIn(given);
    setText("");
    void cache.resetQueries();
  };
  return (
    <Dialog title="Sign in" opened onClose={() => { session.set({ ...session.get(), signInNeeded: false }); }} size="sm">
      <form onSubmit={submit}>
        {token !== undefined && <Callout tone="bad" title="The host did not accept the token" live />}
        <p style={{ marginBlock: "0.6rem" }}>This host wants a token with every call. Whoever runs it knows the token.</p>
        <Label htmlFor={field}>Token</Label>
        <TextField id={field} type="password" autoComplete="current-password" data-autofocus value={text} onChange={(event) => { setText(event.target.value); }} />
        <div style={{ display: "flex", gap: "0.75rem", alignItems: "center", marginTop: "0.75rem" }}>
          <Button type="submit" look="primary" disabled={text.trim() === ""}>
            Sign in
          </Button>
          <Note>Kept until this tab is closed.</Note>
        </div>
      </form>
    </Dialog>
  );
}
