import type { LayoutAnswer, LayoutRequest } from "./graph-layout";

const placed = new Map<string, LayoutAnswer>();
const mostPlaced = 50;
const waiting = new Map<number, (answer: LayoutAnswer) => void>();
let worker: Worker | undefined;
let last = 0;

/** Places boxes in a worker; what was placed under the same key before is answered from memory. */
export async function requestLayout(key: string, request: LayoutRequest): Promise<LayoutAnswer> {
  const known = placed.get(key);
  if (known !== undefined) return known;
  const answer = await ask(request);
  placed.set(key, answer);
  for (const oldest of placed.keys()) {
    if (placed.size <= mostPlaced) break;
    placed.delete(oldest);
  }
  return answer;
}

function ask(request: LayoutRequest): Promise<LayoutAnswer> {
  worker ??= start();
  const id = ++last;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    worker?.postMessage({ id, request });
  });
}

function start(): Worker {
  const started = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
  started.onmessage = ({ data }: MessageEvent<{ id: number; answer: LayoutAnswer }>) => {
    waiting.get(data.id)?.(data.answer);
    waiting.delete(data.id);
  };
  return started;
}
