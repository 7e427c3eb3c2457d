import { placeBoxes, type LayoutRequest } from "./graph-layout";

// One request per message; the answer carries its number.
self.onmessage = ({ data }: MessageEvent<{ id: number; request: LayoutRequest }>) => {
  self.postMessage({ id: data.id, answer: placeBoxes(data.request) });
};
