import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import { section, see, seeText } from "./harness/see";
import { withWorld, type World } from "./harness/world";

// The five states of a job's metadata, all at once: two locations answer, two do not any more, and the host was restarted
// since, so that it knows those from its store only.
const configuration = (world: World, allowDev: boolean) => `
locations:
  - {name: current, address: "${world.addressOf("current")}"}
  - {name: older, address: "${world.addressOf("older")}"}
  - {name: gone, address: "${world.addressOf("gone")}", stale_launches: refuse}
  - {name: development, address: "${world.addressOf("development")}", allow_dev_versions: ${allowDev}}
`;
const world = withWorld({ locations: ["current", "older", "gone", "development"], config: (made) => configuration(made, false) });
const browser = withBrowser();
const jobPath = (location: string, job = "my_job_with_metadata") => `/jobs/${location}/tutorial/${job}`;

beforeAll(async () => {
  await world.serve("current", "peerserver", "--protocol", "0.15.0", "--declare");
  await world.serve("older", "peerserver", "--protocol", "0.14.17");
  const gone = await world.serve("gone", "peerserver", "--protocol", "0.15.0", "--declare");
  const development = await world.serve("development", "peerserver", "--protocol", "dev", "--declare");
  for (const location of ["gone", "development"]) await world.hasStored(`${location}/tutorial/plain`);
  await gone.kill();
  await development.kill();
  await world.killHost();
  world.configure(configuration(world, true));
  await world.startHost();
});

interface State {
  path: string;
  title: RegExp;
  texts: RegExp[];
  /** What must not be there. */
  never?: RegExp;
}

const states: Record<string, State> = {
  SHOWN: { path: jobPath("current"), title: /^Metadata$/, texts: [/data team/], never: /Stale|Not shown|Unavailable/ },
  EMPTY: { path: jobPath("current", "plain"), title: /^Metadata$/, texts: [/This job has no metadata\./], never: /Stale|Not shown|Unavailable/ },
  REFUSED: {
    path: jobPath("older"),
    title: /^Metadata not shown/,
    texts: [/Not shown/, /Reported\s+"0\.14\.17"/, /Required\s+0\.14\.18/, /Withheld\s+2 entries/, /SERVER_TOO_OLD/],
    never: /data team|no metadata/,
  },
  STALE: { path: jobPath("gone"), title: /^Metadata, last known/, texts: [/Stale/, /data team/, /refuses connections|does not answer/, /\d+ ?(s|sec|min|m)/], never: /no metadata/ },
  UNAVAILABLE: { path: jobPath("development"), title: /^Metadata unavailable/, texts: [/Unavailable/, /Withheld\s+2 entries/], never: /data team|no metadata/ },
};

describe.each([1280, 400])("metadata at %i pixels", (width) => {
  test.each(Object.entries(states))("%s", async (name, { path, title, texts, never }) => {
    const page = await browser.open(world.url(path), { width });
    const metadata = section(page, title);
    await see(metadata);
    for (const text of texts) await seeText(metadata, text);
    if (never !== undefined) expect(await metadata.innerText()).not.toMatch(never);
    await lookAt(page, `state-${name.toLowerCase()}-${width}`);
  });
});

describe("a location that is known from the store only", () => {
  test("says so on the list of jobs and on the Deployment page, with the age of what is shown", async () => {
    const page = await browser.open(world.url("/jobs"));
    await see(page.getByText("2 code locations need attention"));
    await seeText(page.getByRole("status").filter({ hasText: "need attention" }), /development, gone/);
    await page.goto(world.url("/deployment#gone"));
    const card = page.locator("#location-gone");
    await see(card.getByText("Stale", { exact: true }));
    for (const text of [/Code\s+LOCATION_UNREACHABLE/, /Since\s+\d/, /tutorial, 4 jobs/]) await seeText(card, text);
    await seeText(page.getByRole("group", { name: "Configuration file" }), /penstock\.yaml/);
    await lookAt(page, "state-deployment-1280");
  });

  test("is refused launches by its policy, on the Launchpad; another one lets them wait", async () => {
    const page = await browser.open(world.url(`${jobPath("gone", "plain")}/launchpad`));
    await see(page.getByRole("region", { name: "1 problem" }));
    await seeText(page.getByRole("region", { name: "1 problem" }), /cannot be launched now: code location gone/);
    await see(page.getByRole("region", { name: "1 problem" }).getByRole("link", { name: "Open Deployment" }));
    expect(await page.getByRole("button", { name: /^Launch the run/ }).getAttribute("aria-disabled")).toBe("true");
    await page.goto(world.url(`${jobPath("development", "plain")}/launchpad`));
    await see(page.getByText(/^The run will wait for its code: code location development/));
    expect(await page.getByRole("button", { name: /^Launch the run/ }).getAttribute("aria-disabled")).toBe("false");
  });
});
