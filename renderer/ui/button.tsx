import type { ButtonHTMLAttributes, JSX, ReactNode, Ref } from "react";
import { Icon, type IconName } from "./icons.tsx";
import { ariaShortcut, isMacPlatform } from "./shortcut.ts";
import { Tip } from "./tooltip.tsx";

const IS_MAC = isMacPlatform();

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type"> {
  readonly tone?: "normal" | "quiet" | "primary" | "danger";
  readonly small?: boolean;
  readonly icon?: IconName;
  /** A toggle: says whether it is on. */
  readonly pressed?: boolean;
  readonly submit?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly children?: ReactNode;
}

export function Button({
  tone = "normal",
  small = false,
  icon,
  pressed,
  submit = false,
  className,
  children,
  ...rest
}: ButtonProps): JSX.Element {
  const iconOnly = children === undefined || children === null;
  const classes = [
    "button",
    `button--${tone}`,
    small && "button--small",
    iconOnly && "button--icon",
    className,
  ];
  return (
    <button
      {...rest}
      type={submit ? "submit" : "button"}
      className={classes.filter(Boolean).join(" ")}
      aria-pressed={pressed}
    >
      {icon !== undefined && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  readonly icon: IconName;
  /** What it does; the tooltip and the accessible name. */
  readonly label: string;
  readonly shortcut?: string | undefined;
  readonly side?: "top" | "bottom" | "left" | "right";
}

export function IconButton({
  label,
  shortcut,
  side = "bottom",
  tone = "quiet",
  ...rest
}: IconButtonProps): JSX.Element {
  return (
    <Tip text={label} shortcut={shortcut} side={side}>
      <Button
        {...rest}
        tone={tone}
        aria-label={label}
        aria-keyshortcuts={shortcut === undefined ? undefined : ariaShortcut(shortcut, IS_MAC)}
      />
    </Tip>
  );
}
