import { createMemoryHistory } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { createQueryClient } from "@/domain/host/query-client";
import { App } from "@/app/providers";
import { createPageRouter } from "@/app/router";
import type { MemoryHost } from "./memory-host";

/** Renders the page at an address, through everything that is around it, against a host in memory. */
export function renderPage(href: string, host: MemoryHost) {
  const history = createMemoryHistory({ initialEntries: [href] });
  const router = createPageRouter(history);
  const cache = createQueryClient();
  render(<App transport={host.transport()} cache={cache} router={router} test />);
  return { user: userEvent.setup(), address: () => history.location.href };
}
