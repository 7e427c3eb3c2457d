import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "@/domain/host/query-client";
import { createHostTransport } from "@/domain/host/transport";
import { App } from "./providers";
import { createPageRouter } from "./router";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

createRoot(root).render(
  <StrictMode>
    <App transport={createHostTransport()} cache={createQueryClient()} router={createPageRouter()} />
  </StrictMode>,
);
