import type { Transport } from "@connectrpc/connect";
import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ThemeProvider } from "@/ui/theme";
import type { createPageRouter } from "./router";

/** The whole UI over a host's transport. */
export function App({ transport, cache, router, test = false }: {
  transport: Transport;
  cache: QueryClient;
  router: ReturnType<typeof createPageRouter>;
  test?: boolean;
}) {
  return (
    <ThemeProvider test={test}>
      <TransportProvider transport={transport}>
        <QueryClientProvider client={cache}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </TransportProvider>
    </ThemeProvider>
  );
}
