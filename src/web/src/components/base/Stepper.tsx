import { type KeyboardEvent, useState } from "react";
import { Icon, type IconName } from "./Icon";

interface StepperProps {
  /** What is counted; the names of the two buttons say it too. */
  label: string;
  less: string;
  more: string;
  value: number;
  least: number;
  most: number;
  disabled?: boolean;
  onChange: (value: number) => void;
}

/** A whole number: one less, one more, or typed. Enter and leaving take what was typed, Escape restores. */
export function Stepper({ label, less, more, value, least, most, disabled = false, onChange }: StepperProps) {
  const [typed, type] = useState<string | null>(null);
  function take() {
    const wanted = Number(typed?.trim() || value);
    type(null);
    if (Number.isInteger(wanted) && wanted >= least && wanted <= most && wanted !== value) onChange(wanted);
  }
  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === "Enter") take();
    else if (event.key === "Escape" && typed !== null) {
      event.stopPropagation(); // of a sheet around it: it stays open
      event.preventDefault();
      type(null);
    } else if (event.key === "ArrowUp" && value < most) onChange(value + 1);
    else if (event.key === "ArrowDown" && value > least) onChange(value - 1);
  }
  return (
    <fieldset
      aria-label={label}
      className="inline-grid h-10 grid-cols-[40px_40px_40px] items-center justify-self-start rounded-control border border-line bg-surface md:h-8 md:grid-cols-[30px_34px_30px]"
    >
      <Step icon="minus" label={less} off={disabled || value <= least} onStep={() => onChange(value - 1)} />
      <input
        value={typed ?? value}
        inputMode="numeric"
        autoComplete="off"
        aria-label={label}
        readOnly={disabled}
        onChange={(event) => type(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={take}
        onKeyDown={onKeyDown}
        className="figures h-full w-full min-w-0 bg-transparent p-0 text-center text-md font-medium md:text-base"
      />
      <Step icon="plus" label={more} off={disabled || value >= most} onStep={() => onChange(value + 1)} />
    </fieldset>
  );
}

interface StepProps {
  icon: IconName;
  label: string;
  off: boolean;
  onStep: () => void;
}

/** At an end it does nothing but keeps the focus: `disabled` would throw it away. */
function Step({ icon, label, off, onStep }: StepProps) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-disabled={off}
      onClick={() => !off && onStep()}
      className="grid h-full place-items-center rounded-md text-ink-2 transition-colors hover:bg-sunken aria-disabled:text-ink-3 aria-disabled:opacity-50 aria-disabled:hover:bg-transparent"
    >
      <Icon name={icon} />
    </button>
  );
}
