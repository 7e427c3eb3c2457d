import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the UI and sends its calls to a host that runs beside it.
const host = process.env.PENSTOCK_HOST ?? "127.0.0.1:3000";
const proxy = {
  "^/penstock\\.": {
    target: host.includes("://") ? host : `http://${host}`,
    changeOrigin: true,
  },
};

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // Files stay files: data: URLs would need holes in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: { proxy },
  preview: { proxy },
  test: {
    css: false,
    // Only what renders pays for a document.
    projects: [
      { extends: true, test: { name: "pure", environment: "node", include: ["src/**/*.test.ts"] } },
      { extends: true, test: { name: "page", environment: "jsdom", testTimeout: 30_000, include: ["src/**/*.test.tsx"], setupFiles: ["src/testing/setup.ts"] } },
    ],
  },
});
