import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import type { Program } from "./harness/process";
import { section, see, seeAddress, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["code"] });
const browser = withBrowser();
const history = "/jobs/code/tests/evolving/history";

let server: Program;

beforeAll(async () => {
  server = await world.serveEdition("code", "first");
});

describe("History of a job", () => {
  test("has one snapshot before a deploy, and says what changed after it, without a reload", async () => {
    const page = await browser.open(world.url(history));
    const snapshots = page.getByRole("region", { name: "Snapshots, newest first" });
    await seeText(snapshots, /In use[^]*first/);
    await see(page.getByText(/^Only one snapshot so far/));
    const run = await world.launch("evolving", "--wait");

    await page.evaluate(() => { document.body.dataset.loaded = "once"; });
    await server.kill();
    await world.serveEdition("code", "second");
    const changes = section(page, "What changed");
    await see(changes);
    expect(await page.evaluate(() => document.body.dataset.loaded), "the page was not loaded again").toBe("once");
    await seeText(section(page, "Metadata (1)"), /Changed\s+owner\s+data team\s+platform team/);
    await seeText(section(page, "Tags (1)"), /Changed\s+commit\s+abc\s+def/);
    await seeText(section(page, /^Graph \(/), /Added\s+check/);
    await seeText(section(page, /^Config schema \(/), /Added\s+\S*depth/);
    await see(page.getByText("Code location code was updated"));
    await see(page.getByRole("link", { name: "What changed in evolving" }));

    const [newest, older] = [snapshots.getByRole("row").nth(1), snapshots.getByRole("row").nth(2)];
    await seeText(newest, /In use[^]*second/);
    await seeText(older, /first/);
    await older.getByRole("link", { name: "Its runs" }).click();
    await seeAddress(page, /^\/jobs\/code\/tests\/evolving\/runs\?where=snapshot=[0-9a-f]{16}$/);
    await see(page.getByTitle(run));
    await see(page.getByRole("button", { name: "Clear the selector" }));
    await page.goBack();
    await see(section(page, "Metadata (1)"));
  });

  test.each([1280, 400])("holds the compared pair in its address, by keyboard too, at %i pixels", async (width) => {
    const page = await browser.open(world.url(history), { width });
    const older = page.getByRole("radio", { name: /^Compare with snapshot .* 2 of 2$/ });
    await see(older);
    await see(section(page, "Metadata (1)"));
    await lookAt(page, `history-${width}`);
    expect(await older.isChecked()).toBe(true);
    await page.getByRole("radio", { name: /^Compare snapshot .* 1 of 2$/ }).focus();
    await page.keyboard.press("ArrowDown");
    await seeAddress(page, /^\/jobs\/code\/tests\/evolving\/history\?from=[0-9a-f]{16}&to=[0-9a-f]{16}$/);
    await page.reload();
    await see(section(page, "What changed"));
  });

  test("shows a comparison that cannot be made as an error, and the list all the same", async () => {
    const page = await browser.open(world.url(`${history}?from=dead`), { expected: [/status of 40\d/] });
    await see(page.getByText("Could not compare the snapshots"));
    await see(page.getByRole("region", { name: "Snapshots, newest first" }));
  });
});
