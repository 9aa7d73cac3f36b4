import type { ButtonHTMLAttributes, Ref } from "react";

export type ButtonLook = "plain" | "go" | "bad" | "bare";

const SHAPE =
  "inline-flex items-center justify-center gap-1.5 rounded-control border font-medium whitespace-nowrap no-underline transition-colors active:translate-y-[0.5px] disabled:opacity-50";
const SIZES = {
  normal: "min-h-10 px-3 md:min-h-[34px]",
  small: "min-h-9 px-[9px] text-sm md:min-h-7",
  wide: "min-h-10 w-full px-3",
  icon: "size-10 md:size-[34px]",
  smallOrIcon: "size-10 text-sm md:h-7 md:w-auto md:px-[9px]",
};
const LOOKS: Record<ButtonLook, string> = {
  plain: "border-line bg-surface text-ink hover:border-line-strong hover:bg-hover [&_svg]:text-ink-3",
  go: "border-transparent bg-brand text-on-brand hover:bg-brand-hover",
  bad: "border-line bg-surface text-failed-ink hover:border-line-strong hover:bg-hover",
  bare: "border-transparent bg-transparent text-ink hover:bg-hover [&_svg]:text-ink-3",
};

/** The same look for links. One `go` a page. */
export function buttonClass(look: ButtonLook = "plain", size: keyof typeof SIZES = "normal", more = ""): string {
  return `${SHAPE} ${SIZES[size]} ${LOOKS[look]} ${more}`;
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  size?: keyof typeof SIZES;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look, size, className, type = "button", ...rest }: ButtonProps) {
  return <button {...rest} type={type} className={buttonClass(look, size, className)} />;
}

/** A button that is only an icon: it needs `aria-label`. */
export function IconButton({
  className = "",
  type = "button",
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement>; "aria-label": string }) {
  return (
    <button
      {...rest}
      type={type}
      className={`grid size-10 shrink-0 place-items-center rounded-control text-ink-3 transition-colors hover:bg-sunken hover:text-ink disabled:opacity-40 md:size-8 ${className}`}
    />
  );
}
