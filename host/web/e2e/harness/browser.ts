import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { artifact } from "./artifacts";
import { binary } from "./binaries";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const patienceMs = 20_000;

interface OpenOptions {
  scheme?: "light" | "dark";
  width?: number;
  height?: number;
  /** Errors in the console that the test brings about, for example of a host that it kills. */
  expected?: RegExp[];
}

/** Opens pages in one browser with a profile of its own; each page is alone in its context. */
export interface Opener {
  open: (url: string, options?: OpenOptions) => Promise<Page>;
}

/** A browser for the tests of a file. */
export function withBrowser(): Opener {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: binary("chromium"), args: flags });
  });
  afterAll(() => browser?.close());
  return {
    open: async (url, options = {}) => {
      if (browser === undefined) throw new Error("the browser was not started");
      return openPage(browser, url, options);
    },
  };
}

async function openPage(browser: Browser, url: string, { scheme = "light", width = 1280, height = 800, expected = [] }: OpenOptions): Promise<Page> {
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width, height },
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
    locale: "en-GB",
    timezoneId: "UTC",
  });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  const faults = watchFaults(page, new URL(url).origin);
  onTestFinished(async ({ task }) => {
    const unexpected = faults.filter((fault) => !expected.some((pattern) => pattern.test(fault)));
    if (task.result?.state === "fail" || unexpected.length > 0) {
      await page.screenshot({ path: artifact(`failed-${task.name}.png`), fullPage: true });
    }
    await context.close();
    expect(unexpected, "what the page complained of").toEqual([]);
  });
  await page.goto(url);
  return page;
}

/** Notes what no page may do: complain in the console, break its content policy, open dialogs or windows, call others. */
function watchFaults(page: Page, origin: string): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", (popup) => faults.push(`window: ${popup.url()}`));
  page.on("request", (request) => {
    const { protocol } = new URL(request.url());
    if (protocol !== "data:" && protocol !== "blob:" && !request.url().startsWith(`${origin}/`)) faults.push(`request to ${request.url()}`);
  });
  return faults;
}
