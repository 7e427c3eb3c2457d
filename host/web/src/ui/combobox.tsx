import { useId, useRef, type InputHTMLAttributes, type KeyboardEvent, type ReactNode, type Ref } from "react";
import { classNames } from "./class-names";
import styles from "./combobox.module.css";
import { SearchField } from "./field";

/** One thing that may be taken. */
export interface ComboboxOption {
  key: string;
  label: string;
  /** What it is, in a word. */
  kind?: ReactNode;
  /** What is worth knowing of it, for example how often it is there. */
  detail?: ReactNode;
}

interface ComboboxProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "className" | "onChange" | "onSelect" | "list"> {
  options: readonly ComboboxOption[];
  open: boolean;
  /** Option that Enter takes; -1 for none. */
  active: number;
  /** What the options are, for those who do not see them. */
  optionsLabel: string;
  /** Below the options: that there are more, or how to go on. */
  foot?: ReactNode;
  /** At the end of the field. */
  end?: ReactNode;
  ref?: Ref<HTMLInputElement>;
  onText: (text: string, at: number) => void;
  /** The cursor was moved. */
  onCursor: (at: number) => void;
  onOpen: (open: boolean) => void;
  onActive: (index: number) => void;
  onTake: (index: number) => void;
  /** Enter was pressed while no option was active. */
  onEnter: () => void;
}

/** A field with options below it, as WAI-ARIA's combobox has them: the arrows choose, Enter and Tab take, Escape closes. */
export function Combobox({ options, open, active, optionsLabel, foot, end, onText, onCursor, onOpen, onActive, onTake, onEnter, ...rest }: ComboboxProps) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const shown = open && options.length > 0;
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    // An input method composes with the same keys.
    if (event.nativeEvent.isComposing) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      if (!shown) onOpen(true);
      // One place before the first is the field itself.
      else onActive(((active + 1 + step + options.length + 1) % (options.length + 1)) - 1);
    } else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && shown && active >= 0) {
      event.preventDefault();
      onTake(active);
    } else if (event.key === "Enter") {
      event.preventDefault();
      onOpen(false);
      onEnter();
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      onOpen(false);
    }
  };
  return (
    <div ref={box} className={styles.box} onBlur={(event) => { if (box.current?.contains(event.relatedTarget) !== true) onOpen(false); }}>
      <SearchField
        type="text"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={shown ? id : undefined}
        aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
        enterKeyHint="search"
        autoCapitalize="none"
        autoCorrect="off"
        {...rest}
        onKeyDown={onKeyDown}
        onClick={() => { onOpen(true); }}
        onChange={(event) => { onText(event.target.value, event.target.selectionStart ?? event.target.value.length); }}
        onSelect={(event) => { onCursor(event.currentTarget.selectionStart ?? 0); }}
      />
      {end !== undefined && <span className={styles.end}>{end}</span>}
      {shown && (
        <div className={styles.popup}>
          <ul id={id} role="listbox" aria-label={optionsLabel} className={styles.list}>
            {options.map((option, index) => (
              <li key={option.key} role="presentation" ref={index === active ? scrollIntoView : undefined}>
                <button
                  type="button"
                  id={`${id}-${index}`}
                  role="option"
                  aria-selected={index === active}
                  tabIndex={-1}
                  className={classNames(styles.option, index === active && styles.active)}
                  // The field keeps the focus.
                  onMouseDown={(event) => { event.preventDefault(); }}
                  onClick={() => { onTake(index); }}
                >
                  <span className={styles.label}>{option.label}</span>
                  {option.kind !== undefined && <span className={styles.kind}>{option.kind}</span>}
                  {option.detail !== undefined && <span className={styles.detail}>{option.detail}</span>}
                </button>
              </li>
            ))}
          </ul>
          {foot !== undefined && <p className={styles.foot}>{foot}</p>}
        </div>
      )}
      <span role="status" className="visually-hidden">
        {shown ? `${options.length} ${optionsLabel.toLowerCase()}` : ""}
      </span>
    </div>
  );
}

function scrollIntoView(element: HTMLElement | null) {
  element?.scrollIntoView({ block: "nearest" });
}
