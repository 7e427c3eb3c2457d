import { describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { section, see, seeAddress, seeNone, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

const browser = withBrowser();
const metadataJob = (location: string) => `/jobs/${location}/tutorial/my_job_with_metadata`;
// What the issue promises between an upgrade in place and the metadata on the page.
const upgradeMs = 5_000;
// What the browser itself says of answers that a test brings about.
const noSuchRun = /status of 404/;
const unreachable = /status of 503/;

describe("a server of protocol 0.14.17", () => {
  const world = withWorld({ locations: ["older"] });

  test("has its metadata refused, launches its jobs, and shows metadata once it is upgraded in place", async () => {
    const old = await world.serve("older", "peerserver", "--protocol", "0.14.17");
    const page = await browser.open(world.url("/jobs"));
    await see(page.getByRole("link", { name: "my_job_with_metadata", exact: true }));

    await page.getByRole("link", { name: "my_job_with_metadata", exact: true }).click();
    const refused = section(page, /^Metadata not shown/);
    await see(refused);
    await seeText(refused, /Reported\s+"?0\.14\.17/);
    await seeText(refused, /Required\s+0\.14\.18/);
    await seeText(refused, /Withheld\s+2 entries/);
    await seeText(refused, /SERVER_TOO_OLD/);
    expect(await page.content()).not.toContain("data team");

    const job = await browser.open(world.url("/jobs/older/tutorial/my_job_with_tags/launchpad"));
    await job.getByRole("button", { name: /^Launch the run/ }).click();
    await seeAddress(job, /^\/runs\/[0-9a-f-]{36}$/);
    await see(job.locator("h1").getByText("Success"));
    await see(section(job, /^Metadata.*, as of launch/));

    await job.goto(world.url("/deployment"));
    await seeText(job.locator("#location-older"), /job_metadata/);
    await seeText(job.locator("#location-older"), /0\.14\.17[^]*0\.14\.18/);

    await page.evaluate(() => { document.body.dataset.loaded = "once"; });
    await old.kill();
    await world.listen("older", "peerserver", "--protocol", "0.14.18", "--declare");
    const since = performance.now();
    await see(section(page, "Metadata").getByText("data team"));
    expect(performance.now() - since, "ms from the upgrade to its metadata on the page").toBeLessThan(upgradeMs);
    expect(await page.evaluate(() => document.body.dataset.loaded), "the page was not loaded again").toBe("once");
    await see(page.getByText("Code location older was updated"));
    await see(page.getByText("protocol 0.14.17 → 0.14.18"));
    await page.getByRole("button", { name: "Dismiss: Code location older was updated" }).click();
    await seeNone(page.getByText("Code location older was updated"));

    // A run says what was known when it was launched: nothing was then.
    const run = await world.launch("my_job_with_metadata", "--wait");
    await page.goto(world.url(`/runs/${run}`));
    await see(section(page, "Metadata, as of launch").getByText("data team"));
  });
});

describe("a server of this host's version", () => {
  const world = withWorld({ locations: ["current"] });

  test("shows every kind of metadata; when it is gone, what was last known, as stale", async () => {
    const server = await world.serve("current", "peerserver", "--protocol", "0.15.0", "--declare");
    const page = await browser.open(world.url("/jobs/current/tutorial/nested"), { expected: [noSuchRun, unreachable] });
    const metadata = section(page, "Metadata");
    await see(metadata);
    const row = (key: string) => metadata.locator("dl > div").filter({ has: page.getByRole("term").getByText(key, { exact: true }) });
    for (const [key, text] of [
      ["text", "plain"],
      ["path", "/data/in.csv"],
      ["notebook", "/nb/a.ipynb"],
      ["markdown", "Runbook"],
      ["int", "9,223,372,036,854,775,808"],
      ["big", "123,456,789,012,345,678,901,234,567,890"],
      ["float", "+Inf"],
      ["bool", "true"],
      ["null", "null"],
      ["table", "orders"],
      ["table_schema", "rows >= 0"],
      ["code", "example.com/etl.Load"],
      ["run", "0192a3b4"],
      ["job", "plain"],
      ["asset", "warehouse"],
      ["future", "a chart of 3 points"],
    ] as const) {
      await seeText(row(key), text);
    }
    await seeText(row("future"), /needs a newer host/);
    expect(await row("job").getByRole("link").getAttribute("href")).toBe("/jobs/current/tutorial/plain");

    await server.kill();
    const stale = section(page, /^Metadata, last known/);
    await see(stale);
    await see(stale.getByText("a chart of 3 points"));
    await see(page.getByRole("status").filter({ hasText: "Code location current: stale" }));
    await page.goto(world.url("/jobs"));
    await see(page.getByText("It does not answer; its last known jobs are shown."));

    await world.serve("current", "peerserver", "--protocol", "0.15.0", "--declare");
    await seeNone(page.getByText("It does not answer; its last known jobs are shown."));
    await page.goto(world.url("/jobs/current/tutorial/nested"));
    await see(section(page, "Metadata").getByText("a chart of 3 points"));
  });
});

describe("other servers", () => {
  const world = withWorld({ locations: ["newer", "next", "odd", "absent"] });

  test("a newer minor version shows its metadata with a notice", async () => {
    await world.serve("newer", "peerserver", "--protocol", "0.99.0", "--declare");
    const page = await browser.open(world.url(metadataJob("newer")));
    await see(section(page, "Metadata").getByText("data team"));
    await see(section(page, "Metadata").getByText(/0\.99\.0/));
  });

  test("a newer major version is incompatible: its jobs are not shown, and the page says what to do", async () => {
    await world.serve("next", "peerserver", "--protocol", "1.0.0", "--declare");
    const page = await browser.open(world.url("/deployment#next"));
    const card = page.locator("#location-next");
    await see(card.getByText("Incompatible"));
    await seeText(card, /1\.0\.0/);
    await seeText(card, /upgrade/i);
  });

  test("a version that cannot be read is refused, and quoted", async () => {
    await world.serve("odd", "peerserver", "--protocol", "<b>soon</b>", "--declare");
    const page = await browser.open(world.url(metadataJob("odd")));
    const refused = section(page, /^Metadata not shown/);
    await seeText(refused, /VERSION_UNPARSEABLE/);
    await seeText(refused, /<b>soon<\/b>/);
  });

  test("one that never answered is unavailable, with a remedy, everywhere", async () => {
    const page = await browser.open(world.url("/jobs"));
    await see(page.getByText("It does not answer, and nothing is known of its jobs."));
    await page.goto(world.url("/deployment"));
    const card = page.locator("#location-absent");
    await see(card.getByText("Unavailable"));
    await seeText(card, /refuses connections/);
    await seeText(card, /Start the user-code server/);
  });
});
