import { sessionStore } from "@/lib/browser-storage";
import { ValueStore } from "@/lib/value-store";

const key = "penstock.token";

/** Who the reader is to the host. */
export interface Session {
  /** Token that is sent with every call; undefined when none was asked for. */
  token?: string | undefined;
  /** Set when the host refused a call for want of a (right) token. */
  signInNeeded: boolean;
  /** Rises with each sign-in: streams and queries of the one before begin again. */
  epoch: number;
}

/** The session of this tab. The token is kept until the tab is closed. */
export const session = new ValueStore<Session>({ token: sessionStore.get(key), signInNeeded: false, epoch: 0 });

/** Uses a token from now on. */
export function signIn(token: string): void {
  sessionStore.set(key, token);
  session.set({ token, signInNeeded: false, epoch: session.get().epoch + 1 });
}

/** Asks the reader for a token. */
export function requireSignIn(): void {
  session.set({ ...session.get(), signInNeeded: true });
}
