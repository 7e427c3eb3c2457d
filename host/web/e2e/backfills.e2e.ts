import { writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAtBoth } from "./harness/look";
import { section, see, seeAddress, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["code"] });
const browser = withBrowser();
const partitions = "/jobs/code/tests/filing/partitions";

beforeAll(async () => {
  await world.serve("code", "testcode");
});

describe("Partitions and backfills", () => {
  test("keys are added, selected by keys alone and launched; what failed is retried until all is well", async () => {
    const page = await browser.open(world.url(partitions));
    await page.getByRole("button", { name: "Add or remove keys…" }).click();
    await page.getByLabel(/^Keys to add/).fill("good\nbad\nbetter");
    await page.getByRole("button", { name: "Add 3 keys" }).click();
    const key = page.getByRole("button", { name: "good" });
    await see(key);
    await key.focus();
    await page.keyboard.press("Control+a");
    await see(page.getByText("3 rows selected"));
    await page.getByRole("button", { name: "Launch backfill…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Title, for people").fill("all files");
    await dialog.getByLabel("Runs at a time, at most").fill("2");
    await see(dialog.getByRole("button", { name: "Launch 3 runs" }));
    await lookAtBoth(page, "backfill-dialog");
    await dialog.getByRole("button", { name: "Launch 3 runs" }).click();
    await seeAddress(page, /^\/backfills\//);
    const progress = section(page, "Progress");
    await seeText(progress, /2 success[^]*1 failure/);
    await see(page.getByRole("heading", { name: /all files/ }).getByText("Failure"));
    await lookAtBoth(page, "backfill");
    writeFileSync(path.join(world.dir, "tmp", "mended"), "");
    await page.getByRole("button", { name: "Retry failed…" }).click();
    await page.getByRole("button", { name: "Retry 1 partition" }).click();
    await seeText(progress, /3 success/);
    await page.getByRole("link", { name: "Its runs" }).click();
    await seeAddress(page, /penstock\/backfill=/);
    await see(page.getByText("4", { exact: true }).first());
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Backfills" }).click();
    await see(page.getByRole("link", { name: "all files" }));
    await lookAtBoth(page, "backfills");
  });

  test("the grid shows each partition's newest run and its ops, and one is launched from the Launchpad", async () => {
    const page = await browser.open(world.url(partitions));
    await see(page.getByRole("link", { name: "read_file: success" }).first());
    await lookAtBoth(page, "partitions");
    await page.getByRole("button", { name: "better" }).click();
    await page.getByRole("link", { name: "Launch this one" }).click();
    await see(page.getByRole("combobox", { name: "Partition" }));
    await seeText(section(page, "What will run"), /better/);
    await lookAtBoth(page, "launchpad-partition");
    await page.getByRole("button", { name: /Launch the run/ }).click();
    await seeAddress(page, /^\/runs\//);
    await seeText(section(page, "Launched by and for"), /better/);
    await see(page.getByText("Success", { exact: true }).first());
  });
});
