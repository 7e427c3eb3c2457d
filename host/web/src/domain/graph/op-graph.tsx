import { lazy, Suspense } from "react";
import { Loading } from "@/ui/states";
import type { OpGraphProps } from "./op-graph-canvas";

const OpGraphCanvas = lazy(() => import("./op-graph-canvas"));

/** A graph of ops that can be moved and zoomed; loaded when the first is shown. */
export function OpGraph(props: OpGraphProps) {
  return (
    <Suspense fallback={<Loading what="the graph" />}>
      <OpGraphCanvas {...props} />
    </Suspense>
  );
}
