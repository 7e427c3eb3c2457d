import { Search } from "lucide-react";
import type { InputHTMLAttributes, ReactNode, Ref, SelectHTMLAttributes, TextareaHTMLAttributes } from "react";
import { classNames } from "./class-names";
import styles from "./field.module.css";

interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "className"> {
  /** What it is for those who do not see the page; a placeholder is no label. */
  "aria-label"?: string;
  mono?: boolean;
  ref?: Ref<HTMLInputElement>;
}

/** A line of text. */
export function TextField({ mono = false, type = "text", ...rest }: TextFieldProps) {
  return <input type={type} className={classNames(styles.input, mono && styles.mono)} spellCheck={false} autoComplete="off" {...rest} />;
}

/** Lines of text; grows with them. */
export function TextLines({ mono = false, ...rest }: Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "className"> & { mono?: boolean }) {
  return <textarea className={classNames(styles.input, styles.lines, mono && styles.mono)} spellCheck={false} {...rest} />;
}

/** A line of text that looks for something. */
export function SearchField(props: TextFieldProps) {
  return (
    <div className={styles.search}>
      <Search size={14} aria-hidden />
      <TextField type="search" {...props} />
    </div>
  );
}

/** A choice of few. */
export function Select({ children, ...rest }: Omit<SelectHTMLAttributes<HTMLSelectElement>, "className">) {
  return (
    <select className={classNames(styles.input, styles.select)} {...rest}>
      {children}
    </select>
  );
}

/** Yes or no. */
export function Checkbox({ label, checked, onChange }: { label: ReactNode; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label className={styles.check}>
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => {
          onChange(event.target.checked);
        }}
      />
      {label}
    </label>
  );
}

/** Chooses one of many rows, or all of them; what it is for is said, not shown. */
export function RowCheckbox({ label, checked, mixed = false, onChange }: {
  label: string;
  checked: boolean;
  /** Some, but not all. */
  mixed?: boolean;
  /** With shift held, all rows from the last one on are meant. */
  onChange: (checked: boolean, shift: boolean) => void;
}) {
  return (
    <label className={styles.rowCheck}>
      <input
        type="checkbox"
        aria-label={label}
        checked={checked}
        ref={(input) => {
          if (input !== null) input.indeterminate = mixed;
        }}
        onChange={(event) => {
          onChange(event.target.checked, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey);
        }}
      />
    </label>
  );
}

/** The words above a field. */
export function Label({ htmlFor, children }: { htmlFor: string; children: ReactNode }) {
  return (
    <label className={styles.label} htmlFor={htmlFor}>
      {children}
    </label>
  );
}
