import { beforeAll, describe, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { see, seeAddress, seeNone, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["tutorial", "older", "absent"], args: ["--max-in-progress", "7"] });
const browser = withBrowser();

beforeAll(async () => {
  await world.serve("tutorial", "tutorial");
  await world.serve("older", "peerserver", "--protocol", "0.14.17");
});

describe("Deployment", () => {
  test("tells of each location: state, protocol, SDK, code version, what it may do, what is wrong and what to do", async () => {
    const page = await browser.open(world.url("/deployment"));
    const ready = page.locator("#location-tutorial");
    await see(ready.getByText("Ready", { exact: true }));
    for (const text of [/Address\s+127\.0\.0\.1:\d+/, /Protocol\s+0\.15\.0/, /SDK\s+go/, /Code version\s+\S+/, /tutorial, 7 jobs/, /job_metadata\s+Allowed/, /launch_run\s+Allowed/]) {
      await seeText(ready, text);
    }
    const older = page.locator("#location-older");
    for (const text of [/Protocol\s+0\.14\.17/, /launch_run\s+Allowed/, /job_metadata\s+Refused/]) await seeText(older, text);
    await older.getByRole("button", { name: /^job_metadata/ }).click();
    for (const text of [/Reported\s+"0\.14\.17"/, /Required\s+0\.14\.18/, /SERVER_TOO_OLD/]) await seeText(older, text);
    const absent = page.locator("#location-absent");
    await see(absent.getByText("Unavailable", { exact: true }));
    for (const text of [/refuses connections/, /Start the user-code server, or check the address and port/]) await seeText(absent, text);
    await see(page.getByRole("status").filter({ hasText: "Code location absent: unavailable" }));
  });

  test("tells of the host: its queue, version, address and data", async () => {
    const page = await browser.open(world.url("/deployment"));
    await see(page.getByRole("group", { name: "Queue" }));
    await seeText(page.getByRole("group", { name: "Queue" }), /0 \/ 7\s+runs in progress/);
    await seeText(page.locator("main"), /Protocol\s+0\.15\.0/);
    await seeText(page.locator("main"), new RegExp(`Workers reach it at\\s+${world.origin}`));
    await seeText(page.locator("main"), new RegExp(`Data directory\\s+${world.dir}`));
    await page.getByRole("link", { name: /runs in progress/ }).click();
    await seeAddress(page, /^\/runs\?status=STARTING&status=STARTED&status=CANCELING$/);
  });

  test("reloads a location, and tells when one does not answer", async () => {
    const page = await browser.open(world.url("/deployment"), { expected: [/status of 503/] });
    const ready = page.locator("#location-tutorial");
    await ready.getByRole("button", { name: "Reload" }).click();
    await see(ready.getByRole("button", { name: "Reload" }));
    await see(ready.getByText("Ready", { exact: true }));
    const absent = page.locator("#location-absent");
    await absent.getByRole("button", { name: "Reload" }).click();
    await see(absent.getByRole("button", { name: "Reload" }));
    await seeText(absent, /refuses connections/);
  });

  test("a location that comes is shown without a reload, and the warning about it goes", async () => {
    const page = await browser.open(world.url("/jobs"));
    const warning = page.getByText("Code location absent: unavailable");
    await see(warning);
    const server = await world.listen("absent", "testcode");
    await see(page.getByRole("link", { name: "failing", exact: true }));
    await seeNone(warning);
    await server.kill();
    await see(page.getByText("Code location absent: stale"));
    await see(page.getByRole("link", { name: "failing", exact: true }));
    await page.getByRole("link", { name: "Open Deployment" }).click();
    await seeAddress(page, /^\/deployment#absent$/);
    await see(page.locator("#location-absent").getByText("Stale", { exact: true }));
  });
});
