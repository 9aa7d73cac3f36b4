import type { ReactNode } from "react";

interface Segment<Value extends string> {
  value: Value;
  /** What a screen reader says where the content is an icon. */
  label?: string;
  lang?: string;
  content: ReactNode;
}

interface SegmentsProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly Segment<Value>[];
  onChange: (value: Value) => void;
  className?: string;
}

/** One of a few, all in sight. */
export function Segments<Value extends string>({
  label,
  value,
  options,
  onChange,
  className = "",
}: SegmentsProps<Value>) {
  return (
    <fieldset aria-label={label} className={`inline-flex rounded-lg bg-sunken p-0.5 ${className}`}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          lang={option.lang}
          aria-label={option.label}
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className="grid h-8 min-w-9 place-items-center rounded-md px-2 text-xs font-medium text-ink-2 transition-colors hover:text-ink aria-pressed:bg-raised aria-pressed:text-ink aria-pressed:shadow-[0_1px_2px_var(--shadow-tint)] md:h-[26px] md:min-w-[30px]"
        >
          {option.content}
        </button>
      ))}
    </fieldset>
  );
}
