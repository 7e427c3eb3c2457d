import { createContext, useContext, type HTMLAttributes } from "react";

/** The level of the next heading: a page's title is 1, what stands in something with a title is one deeper. */
export const HeadingLevel = createContext(2);

const lowest = 6;

/** A heading of the level that its place has; deeper makes it lower than that. */
export function Heading({ deeper = 0, ...rest }: HTMLAttributes<HTMLHeadingElement> & { deeper?: number }) {
  const level = Math.min(useContext(HeadingLevel) + deeper, lowest);
  const Tag = `h${level}` as "h2";
  return <Tag {...rest} />;
}
