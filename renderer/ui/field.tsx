import type { InputHTMLAttributes, JSX, Ref } from "react";
import { Icon, type IconName } from "./icons.tsx";

interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly icon?: IconName;
  /** Why the value is not accepted; it turns the border red and is read out. */
  readonly invalid?: string | undefined;
  readonly clearable?: boolean;
  readonly ref?: Ref<HTMLInputElement>;
}

/** One line of text. The label is for assistive technology; a placeholder shows the form. */
export function TextField({
  label,
  value,
  onChange,
  icon,
  invalid,
  clearable = false,
  className,
  ref,
  ...rest
}: TextFieldProps): JSX.Element {
  return (
    <span
      className={`field ${className ?? ""}`}
      data-invalid={invalid === undefined ? undefined : ""}
      title={invalid}
    >
      {icon !== undefined && <Icon name={icon} size={14} />}
      <input
        spellCheck={false}
        autoComplete="off"
        {...rest}
        ref={ref}
        aria-label={label}
        aria-invalid={invalid !== undefined}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      {clearable && value !== "" && (
        <button
          type="button"
          className="button button--quiet button--small button--icon"
          aria-label={`Clear ${label}`}
          onClick={() => onChange("")}
        >
          <Icon name="close" size={12} />
        </button>
      )}
    </span>
  );
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly onChange: (value: T) => void;
  readonly small?: boolean;
}

export function Select<T extends string>({
  label,
  value,
  options,
  onChange,
  small = false,
}: SelectProps<T>): JSX.Element {
  return (
    <span className={small ? "select select--small" : "select"}>
      <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
      <Icon name="chevronDown" size={12} />
    </span>
  );
}

/** One of a few, all in sight; arrow keys move as in any radio group. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
}: SelectProps<T>): JSX.Element {
  const move = (step: number) => {
    const at = options.findIndex((option) => option.value === value);
    const next = options[(at + step + options.length) % options.length];
    if (next !== undefined) onChange(next.value);
  };
  return (
    <span
      className="segmented"
      role="radiogroup"
      aria-label={label}
      onKeyDown={(event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        const buttons = [...event.currentTarget.querySelectorAll("button")];
        const at = options.findIndex((option) => option.value === value);
        buttons[(at + step + options.length) % options.length]?.focus();
        move(step);
      }}
    >
      {options.map((option) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio input cannot be drawn as a segment without hiding it
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </span>
  );
}
