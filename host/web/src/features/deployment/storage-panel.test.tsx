import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

it("shows what is stored, what is free, and how long runs are kept", async () => {
  const host = new MemoryHost();
  host.storage = () => ({
    directory: "/var/lib/penstock",
    format: 4n,
    runs: 1_204_000n,
    diskFree: 5n << 30n,
    files: [{ name: "meta.db", bytes: 3n << 20n, free: 1n << 20n }, { name: "events-0001.db", bytes: 1n << 20n }],
    rules: [{ where: "status=failure", keep: { seconds: 180n * 86_400n } }, { where: "env=dev", keep: { seconds: 3n * 86_400n } }, { where: "keep" }, { keep: { seconds: 30n * 86_400n } }],
    keepLastPerJob: 20,
    lastPass: { startedAt: timestampFromMs(Date.now() - 65_000), endedAt: timestampFromMs(Date.now() - 60_000), deleted: 12n, error: "the disk is slow" },
  });
  renderPage("/deployment", host);
  const panel = within((await screen.findByRole("heading", { name: "Storage" })).closest("section")!);
  for (const text of ["1,204,000", "4.0 MiB", "in 2 files", "5.0 GiB", "/var/lib/penstock", "12 runs", "the disk is slow"]) expect(panel.getByText(text)).toBeDefined();
  const rows = (name: string) => within(panel.getByRole("region", { name })).getAllByRole("row").slice(1).map((row) => row.textContent);
  expect(rows("Files")).toEqual(["meta.db3.0 MiB1.0 MiB", "events-0001.db1.0 MiB0 B"]);
  expect(rows("Rules of retention")).toEqual(["status=failure180 d", "env=dev3 d", "keepfor ever", "all others30 d"]);
  expect(panel.getByRole("link", { name: "env=dev" }).getAttribute("href")).toBe("/runs?where=env=dev");
  expect(panel.getByText(/The last 20 runs of each job are kept/)).toBeDefined();
  expect(screen.queryByText("The host is read-only")).toBeNull();
});

it("says on every page that the host is read-only, and why", async () => {
  const host = new MemoryHost();
  host.storage = () => ({ readOnly: "the disk has 12 MiB left; at least 256 MiB are needed" });
  renderPage("/jobs", host);
  const bar = (await screen.findByText("The host is read-only")).closest<HTMLElement>("[role=alert]");
  expect(bar?.textContent).toContain("at least 256 MiB are needed");
  expect(within(bar!).getByRole("link", { name: "Open Deployment" })).toBeDefined();
});

it("says nothing of storage on a host that does not", async () => {
  renderPage("/deployment", new MemoryHost());
  expect(await screen.findByText("No code location yet")).toBeDefined();
  expect(screen.queryByRole("heading", { name: "Storage" })).toBeNull();
});
