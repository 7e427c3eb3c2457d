import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useShortcut } from "./shortcut";

function Page({ keys, action, enabled = true }: { keys: string; action: () => void; enabled?: boolean }) {
  useShortcut(keys, action, enabled);
  return <input aria-label="field" />;
}

it("a key alone acts, but not while the reader types", () => {
  const action = vi.fn();
  render(<Page keys="/" action={action} />);
  fireEvent.keyDown(screen.getByLabelText("field"), { key: "/" });
  expect(action).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: "/" });
  expect(action).toHaveBeenCalledOnce();
});

it("Mod is Ctrl or Cmd, and works while typing", () => {
  const action = vi.fn();
  render(<Page keys="Mod+Enter" action={action} />);
  fireEvent.keyDown(screen.getByLabelText("field"), { key: "Enter", ctrlKey: true });
  fireEvent.keyDown(screen.getByLabelText("field"), { key: "Enter", metaKey: true });
  expect(action).toHaveBeenCalledTimes(2);
  fireEvent.keyDown(screen.getByLabelText("field"), { key: "Enter" });
  expect(action).toHaveBeenCalledTimes(2);
});

it("Alt goes by the key on the board", () => {
  const action = vi.fn();
  render(<Page keys="Alt+t" action={action} />);
  fireEvent.keyDown(document.body, { key: "†", code: "KeyT", altKey: true });
  expect(action).toHaveBeenCalledOnce();
});

it("does nothing when it is off or the page is gone", () => {
  const action = vi.fn();
  const { rerender, unmount } = render(<Page keys="/" action={action} enabled={false} />);
  fireEvent.keyDown(document.body, { key: "/" });
  rerender(<Page keys="/" action={action} />);
  unmount();
  fireEvent.keyDown(document.body, { key: "/" });
  expect(action).not.toHaveBeenCalled();
});
