import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { isSafeLink } from "@/lib/safe-link";
import { UserLink } from "./link";

// Headings stand below the page's own; an image would call other hosts, so it is a link.
const components: Components = {
  a: ({ href, children }) => <UserLink href={href ?? ""}>{children}</UserLink>,
  img: ({ src, alt }) => {
    const href = typeof src === "string" ? src : "";
    return <UserLink href={href}>{alt === undefined || alt === "" ? href : alt}</UserLink>;
  },
  h1: ({ children }) => <h4>{children}</h4>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  h4: ({ children }) => <h6>{children}</h6>,
  h5: ({ children }) => <h6>{children}</h6>,
};

/** Renders Markdown; loaded when the first is shown. */
export default function MarkdownBody({ source }: { source: string }) {
  return (
    <ReactMarkdown
      remarkPlugins={[remarkGfm]}
      skipHtml
      disallowedElements={["input"]}
      unwrapDisallowed
      urlTransform={(url) => (isSafeLink(url) ? url : "")}
      components={components}
    >
      {source}
    </ReactMarkdown>
  );
}
