import { useLayoutEffect, useState, type RefObject } from "react";

/** The width of an element in pixels, as it is now; 0 before it is there. */
export function useElementWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return;
    const measure = () => { setWidth(current.clientWidth); };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => { observer.disconnect(); };
  }, [element]);
  return width;
}
