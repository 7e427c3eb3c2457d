import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

const panel = async () => within(await screen.findByRole("region", { name: "Alerts" }));

it("shows each rule with its last messages", async () => {
  const host = new MemoryHost();
  host.alert.rules = [
    {
      name: "etl",
      when: "status=failure and team=etl",
      about: "ended",
      target: "webhook hooks.example.org",
      waiting: 2,
      deliveries: [
        { runId: "0193a4b2-77c1-7d10", dueAt: timestampFromMs(Date.now() - 7_500_000), deliveredAt: timestampFromMs(Date.now()), tries: 1 },
        { runId: "0193a4b2-77c2-7d10", dueAt: timestampFromMs(Date.now() - 7_500_000), tries: 9, error: "404 Not Found", givenUp: true },
        { dueAt: timestampFromMs(Date.now()), tries: 1, error: "connection refused" },
      ],
    },
  ];
  renderPage("/deployment", host);
  const alerts = await panel();
  expect((await alerts.findByRole("link", { name: "status=failure and team=etl" })).getAttribute("href")).toBe("/runs?where=status=failure+and+team=etl");
  expect(alerts.getByText("ended, to webhook hooks.example.org")).toBeDefined();
  expect(alerts.getByText("2 messages waiting")).toBeDefined();
  const rows = alerts.getAllByRole("row").slice(1).map((row) => row.textContent);
  expect(rows).toEqual(["Delivered0193a4b2-77c12 h ago1", "Given up0193a4b2-77c22 h ago9404 Not Found", "Waits for its next tryjust now1connection refused"]);
});

it("tries a rule out, and says what became of it", async () => {
  const host = new MemoryHost();
  host.alert.rules = [{ name: "good" }, { name: "bad" }];
  host.alert.test = (name) => (name === "good" ? { body: "a message that says that it is a test" } : { error: "no such host" });
  const { user } = renderPage("/deployment", host);
  await user.click(await screen.findByRole("button", { name: "Send a test message: good" }));
  expect(await screen.findByText("The test message was delivered")).toBeDefined();
  expect(screen.getByText("a message that says that it is a test")).toBeDefined();
  await user.click(screen.getByRole("button", { name: "Send a test message: bad" }));
  expect(await screen.findByText("no such host")).toBeDefined();
});

it("says how to have a rule", async () => {
  renderPage("/deployment", new MemoryHost());
  expect(await (await panel()).findByText(/notify:/)).toBeDefined();
});
