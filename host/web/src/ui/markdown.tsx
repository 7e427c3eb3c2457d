import { lazy, Suspense } from "react";
import { inertText } from "@/lib/inert-text";
import styles from "./markdown.module.css";

const MarkdownBody = lazy(() => import("./markdown-body"));

/** Markdown that users wrote: no HTML, no images, links by the list of schemes. The source stands in until it is rendered. */
export function Markdown({ source }: { source: string }) {
  const text = inertText(source);
  return (
    <div className={styles.markdown}>
      <Suspense fallback={<pre className={styles.source}>{text}</pre>}>
        <MarkdownBody source={text} />
      </Suspense>
    </div>
  );
}
