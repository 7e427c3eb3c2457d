import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { isSafeLink } from "@/lib/safe-link";
import { Heading } from "./heading";
import { UserLink } from "./link";

// Headings stand below the page's own; an image would call other hosts, so it is a link.
const components: Components = {
  a: ({ href, children }) => <UserLink href={href ?? ""}>{children}</UserLink>,
  img: ({ src, alt }) => {
    const href = typeof src === "string" ? src : "";
    return <UserLink href={href}>{alt === undefined || alt === "" ? href : alt}</UserLink>;
  },
  h1: ({ children }) => <Heading>{children}</Heading>,
  h2: ({ children }) => <Heading>{children}</Heading>,
  h3: ({ children }) => <Heading deeper={1}>{children}</Heading>,
  h4: ({ children }) => <Heading deeper={2}>{children}</Heading>,
  h5: ({ children }) => <Heading deeper={3}>{children}</Heading>,
  h6: ({ children }) => <Heading deeper={4}>{children}</Heading>,
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
