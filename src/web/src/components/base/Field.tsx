import { type InputHTMLAttributes, type Ref, useId } from "react";

interface FieldProps extends Pick<InputHTMLAttributes<HTMLInputElement>, "inputMode" | "maxLength"> {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** The id of what says why it cannot stand so; null while nothing is wrong. */
  wrong?: string | null;
  ref?: Ref<HTMLInputElement>;
}

/** A line of text with its name above it, small enough for a row of a list. */
export function Field({ label, value, onValue, wrong = null, ref, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className="grid min-w-0 gap-1">
      <label htmlFor={id} className="text-xs font-medium text-ink-2">
        {label}
      </label>
      <input
        {...rest}
        ref={ref}
        id={id}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        autoComplete="off"
        aria-invalid={wrong !== null}
        aria-describedby={wrong ?? undefined}
        className="h-10 w-full min-w-0 rounded-control border border-line-strong bg-surface px-2.5 text-md focus-visible:outline-offset-0 aria-invalid:border-failed md:h-8 md:text-base"
      />
    </div>
  );
}
