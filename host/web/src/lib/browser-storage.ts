/**
 * Text kept in the browser. Storage may be switched off, full or barred by policy; then values live as long as the page.
 */
export class BrowserStorage {
  private readonly page = new Map<string, string>();

  constructor(private readonly open: () => Storage) {}

  get(key: string): string | undefined {
    try {
      return this.open().getItem(key) ?? undefined;
    } catch {
      return this.page.get(key);
    }
  }

  set(key: string, value: string): void {
    try {
      this.open().setItem(key, value);
    } catch {
      this.page.set(key, value);
    }
  }

  remove(key: string): void {
    this.page.delete(key);
    try {
      this.open().removeItem(key);
    } catch {
      // Nothing was kept there.
    }
  }
}

/** Kept until the user clears it. */
export const localStore = new BrowserStorage(() => window.localStorage);

/** Kept while the tab is open. */
export const sessionStore = new BrowserStorage(() => window.sessionStorage);
