import { Component, type ReactNode } from "react";
import { Button } from "./button";
import { Callout } from "./states";

/** Keeps a fault in one part of the page from taking the rest with it. */
export class ErrorBoundary extends Component<{ what: string; children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return (
      <Callout tone="bad" title={`${this.props.what} could not be shown`} live>
        <p>{this.state.error.message}</p>
        <div>
          <Button small onClick={() => { this.setState({}); window.location.reload(); }}>
            Load the page again
          </Button>
        </div>
      </Callout>
    );
  }
}
