import { lazy, Suspense } from "react";
import { Loading } from "./states";

const YamlEditorBody = lazy(() => import("./yaml-editor-body"));

/** A place in a text, both from 1; the column counts code points, 0 when unknown. */
export interface TextPlace {
  line: number;
  column: number;
}

/** A mistake in a text. */
export interface TextProblem extends TextPlace {
  message: string;
}

export interface YamlEditorProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Mistakes, underlined in their place. */
  problems: readonly TextProblem[];
  /** Where to put the cursor; a new object moves it again. */
  goTo?: TextPlace | undefined;
}

/** An editor for YAML; loaded when the first is shown. */
export function YamlEditor(props: YamlEditorProps) {
  return (
    <Suspense fallback={<Loading what="the editor" />}>
      <YamlEditorBody {...props} />
    </Suspense>
  );
}
