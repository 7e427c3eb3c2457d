import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { requireSignIn, session } from "./session";

/** Sends the session's token with each call, and asks for one when the host refuses a call without. */
export const tokenInterceptor: Interceptor = (next) => async (request) => {
  const { token, epoch } = session.get();
  if (token !== undefined) request.header.set("Authorization", `Bearer ${token}`);
  const refused = (error: unknown) => {
    // A call that set out before the last sign-in says nothing about the token of now.
    if (ConnectError.from(error).code === Code.Unauthenticated && session.get().epoch === epoch) requireSignIn();
    return error;
  };
  try {
    const response = await next(request);
    return response.stream ? { ...response, message: watched(response.message, refused) } : response;
  } catch (error) {
    throw refused(error);
  }
};

async function* watched<T>(messages: AsyncIterable<T>, refused: (error: unknown) => unknown): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw refused(error);
  }
}

/** Calls the host that served this page. The binary form: a JSON reader stumbles over enum names that it does not know. */
export function createHostTransport(): Transport {
  return createConnectTransport({
    baseUrl: window.location.origin,
    useBinaryFormat: true,
    interceptors: [tokenInterceptor],
  });
}
