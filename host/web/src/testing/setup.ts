import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";
import { placeBoxes, type LayoutRequest } from "@/domain/graph/graph-layout";
import { locationNotices } from "@/domain/location/location-notice";
import { dismissedCauses } from "@/domain/location/cause";
import { hostLost } from "@/domain/host/contact";
import { editorName } from "@/domain/host/editor-name";
import { session } from "@/domain/host/session";
import { parentColumn } from "@/domain/run/run-columns";
import { savedViews } from "@/domain/run/saved-views";

// A machine that does other things too is no reason to fail; a failure needs no whole page.
configure({ asyncUtilTimeout: 8_000, getElementError: (message) => Object.assign(new Error(message ?? "not found"), { name: "TestingLibraryElementError" }) });

afterEach(() => {
  cleanup();
  window.localStorage.clear();
  window.sessionStorage.clear();
  locationNotices.set([]);
  dismissedCauses.set([]);
  hostLost.set(false);
  parentColumn.set(false);
  editorName.set("");
  savedViews.set([]);
  session.set({ token: undefined, signInNeeded: false, epoch: 0 });
});

// What jsdom lacks and the components' libraries ask for.
vi.stubGlobal("matchMedia", (query: string) => ({ matches: false, media: query, addEventListener: vi.fn(), removeEventListener: vi.fn() }));
vi.stubGlobal("ResizeObserver", class {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
});
vi.stubGlobal("scrollTo", vi.fn());
Element.prototype.scrollIntoView = vi.fn();
Element.prototype.scrollTo = vi.fn() as never;
Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
Range.prototype.getBoundingClientRect = () => new DOMRect();
vi.stubGlobal("DOMMatrixReadOnly", class {
  m22 = 1;
});

// Nothing has a size without layout; lists that render only what is in sight would render nothing.
for (const [prototype, name, size] of [
  [HTMLElement.prototype, "offsetHeight", 600],
  [HTMLElement.prototype, "offsetWidth", 800],
  [Element.prototype, "clientHeight", 600],
  [Element.prototype, "clientWidth", 800],
] as const) {
  Object.defineProperty(prototype, name, { configurable: true, get: () => size });
}

// The graph's layout, in this thread.
vi.stubGlobal("Worker", class {
  onmessage?: (event: { data: unknown }) => void;

  postMessage({ id, request }: { id: number; request: LayoutRequest }) {
    queueMicrotask(() => this.onmessage?.({ data: { id, answer: placeBoxes(request) } }));
  }
});
