import { clsx } from "clsx";
import type { ComponentProps } from "react";

const looks = {
  primary: "bg-ink text-ground hover:bg-ink-2 border-transparent",
  plain: "bg-panel text-ink border-line hover:border-line-strong hover:bg-well",
  quiet: "bg-transparent text-ink-2 border-transparent hover:bg-well hover:text-ink",
  danger: "bg-danger text-ground border-transparent hover:brightness-110",
} as const;
const sizes = {
  md: "h-8 px-3 text-sm gap-1.5",
  sm: "h-7 px-2 text-xs gap-1",
  icon: "size-8 justify-center",
} as const;

export type ButtonLook = keyof typeof looks;

export function buttonClass(look: ButtonLook = "plain", size: keyof typeof sizes = "md") {
  return clsx(
    "inline-flex shrink-0 items-center justify-center whitespace-nowrap rounded-md border font-medium",
    "transition-colors duration-100 disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
    looks[look],
    sizes[size],
  );
}

export function Button({
  look,
  size,
  className,
  type = "button",
  ...rest
}: ComponentProps<"button"> & { look?: ButtonLook; size?: keyof typeof sizes }) {
  return <button type={type} className={clsx(buttonClass(look, size), className)} {...rest} />;
}
