/** Drawn on a square of 16 or 18 units, in the colour of the text, 1.6 units thick. */
const DRAWN = {
  alert: [16, "M8 2.4 14.4 13.4H1.6zM8 6.4v3.2M8 11.4h.01"],
  bathroom: [18, "M2 9.5h14v1.8a3 3 0 0 1-3 3H5a3 3 0 0 1-3-3zM4 9.5V4.6a1.6 1.6 0 0 1 3.2 0M5 14.4v1.4M13 14.4v1.4"],
  bedroom: [18, "M2 14.5V4M2 11.5h14M16 14.5V10a2.2 2.2 0 0 0-2.2-2.2H8v3.7M4 8.2h1.8A1 1 0 0 1 6.8 9.2v2.2"],
  bin: [16, "M2.8 4.2h10.4M6 4V2.6h4V4M4.2 4.4l.6 9h6.4l.6-9M6.7 7v4M9.3 7v4"],
  box: [16, "M2.5 5.2 8 2.6l5.5 2.6v5.8L8 13.6l-5.5-2.6zM2.5 5.2 8 7.8l5.5-2.6M8 7.8v5.8"],
  camera: [16, "M2 5.2h2.6L5.8 3.5h4.4l1.2 1.7H14v7.3H2zM5.7 8.6a2.3 2.3 0 1 0 4.6 0a2.3 2.3 0 1 0 -4.6 0"],
  check: [16, "M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0 -12.4 0M5.3 8.2l1.9 1.9 3.6-4"],
  clock: [16, "M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0 -12.4 0M8 4.8V8l2.1 1.5"],
  close: [16, "m4 4 8 8m0-8-8 8"],
  code: [16, "m5.6 4.6-3.4 3.4 3.4 3.4M10.4 4.6l3.4 3.4-3.4 3.4"],
  cross: [16, "M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0 -12.4 0M5.9 5.9l4.2 4.2m0-4.2-4.2 4.2"],
  dining_room: [18, "M2 6.5h14M4 6.5v8.5M14 6.5v8.5M6.8 10h4.4M7.4 10v5M10.6 10v5"],
  dots: [16, "M3.5 8h.01M8 8h.01M12.5 8h.01"],
  down: [16, "M3.8 6.2 8 10.4l4.2-4.2"],
  edit: [16, "M3 13l.7-3 7-7 2.3 2.3-7 7zM9.2 4.5l2.3 2.3"],
  eye: [
    16,
    "M1.6 8S4 3.8 8 3.8 14.4 8 14.4 8 12 12.2 8 12.2 1.6 8 1.6 8zM6.1 8a1.9 1.9 0 1 0 3.8 0a1.9 1.9 0 1 0 -3.8 0",
  ],
  garage: [18, "M2.5 5.5 9 2.5l6.5 3v7L9 15.5l-6.5-3zM2.5 5.5 9 8.6l6.5-3.1M9 8.6v6.9"],
  grid: [16, "M2.5 2.5h4.2v4.2H2.5zM9.3 2.5h4.2v4.2H9.3zM2.5 9.3h4.2v4.2H2.5zM9.3 9.3h4.2v4.2H9.3z"],
  hall: [18, "M4.5 15.5v-13h9v13M2.5 15.5h13M11 9h.01"],
  info: [16, "M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0 -12.4 0M8 7.4v3.4M8 5.1h.01"],
  kitchen: [18, "M4 2.5h10v13H4zM4 7.2h10M6.4 4.4v1.2M6.4 9.2v2.2"],
  left: [16, "M9.8 3.8 5.6 8l4.2 4.2"],
  list: [16, "M2.5 4h2M2.5 8h2M2.5 12h2M7 4h6.5M7 8h6.5M7 12h6.5"],
  living_room: [
    18,
    "M3.5 8V5.8A1.8 1.8 0 0 1 5.3 4h7.4a1.8 1.8 0 0 1 1.8 1.8V8M1.8 9.6a1.5 1.5 0 0 1 3 0v1.6h8.4V9.6a1.5 1.5 0 0 1 3 0v4.2H1.8zM4 13.8v1.4M14 13.8v1.4",
  ],
  minus: [16, "M3.2 8h9.6"],
  moon: [16, "M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7z"],
  off: [
    16,
    "M2 2l12 12M4.6 8.9A5 5 0 0 1 7 7.6M11.4 8.9a5 5 0 0 0-1.6-1.1M2.2 6.4A8.6 8.6 0 0 1 5 4.6M13.8 6.4A8.6 8.6 0 0 0 7.6 3.9M8 12h.01",
  ],
  office: [18, "M2 8.5h14M3.5 8.5v7M14.5 8.5v7M10 8.5v4h4.5M5 8.3V3.8h6.4v4.5"],
  out: [16, "M6.2 2.8H3v10.4h3.2M10 5l3 3-3 3M13 8H6.4"],
  pause: [16, "M5.5 3.5v9M10.5 3.5v9"],
  play: [16, "M5 3.3v9.4L12.4 8z"],
  plus: [16, "M8 3.2v9.6M3.2 8h9.6"],
  retry: [16, "M13.2 8a5.2 5.2 0 1 1-1.6-3.8M13.4 2.2v3h-3"],
  right: [16, "M6.2 3.8 10.4 8l-4.2 4.2"],
  stop: [16, "M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0 -12.4 0M3.8 3.8l8.4 8.4"],
  sun: [
    16,
    "M5.1 8a2.9 2.9 0 1 0 5.8 0a2.9 2.9 0 1 0 -5.8 0M8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1",
  ],
  truck: [16, "M1.5 3.5h8v8h-8zM9.5 6h3l2 2.6v2.9h-5zM4.2 11.5a1.4 1.4 0 1 0 .01 0M11.6 11.5a1.4 1.4 0 1 0 .01 0"],
} as const satisfies Record<string, readonly [16 | 18, string]>;

export type IconName = keyof typeof DRAWN;

interface Look {
  className?: string | undefined;
  /** Names the icon for those who do not see it; without, it is decoration. */
  label?: string | undefined;
}

const STROKE = "fill-none stroke-current [stroke-linecap:round] [stroke-linejoin:round]";

export function Icon({ name, className = "size-4", label }: Look & { name: IconName }) {
  const [side, path] = DRAWN[name];
  return (
    <svg
      viewBox={`0 0 ${side} ${side}`}
      className={`${STROKE} stroke-[1.6] ${className}`}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={!label}
    >
      <path d={path} />
    </svg>
  );
}

/** Turns while something is worked on; with reduced motion it stands, and the word beside it says so. */
export function Spinner({ className = "size-4", label, still = false }: Look & { still?: boolean }) {
  return (
    <svg
      viewBox="0 0 16 16"
      className={`${STROKE} ${still ? "" : "animate-spin"} stroke-[1.9] ${className}`}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={!label}
    >
      <path d="M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0 -12.4 0" opacity={0.25} />
      <path d="M8 1.8A6.2 6.2 0 0 1 14.2 8" />
    </svg>
  );
}

export function Logo({ className = "size-6" }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" className={`text-brand ${className}`} fill="none" strokeLinecap="round" aria-hidden="true">
      <path
        d="M12 1.6 22.4 9v11.4a2 2 0 0 1-2 2H3.6a2 2 0 0 1-2-2V9z"
        fill="currentColor"
        stroke="currentColor"
        strokeLinejoin="round"
      />
      <path
        d="M7 11.5v8M10.3 11.5v8M13.7 11.5v8M17 11.5v8M4.8 18 19.2 13"
        className="stroke-on-brand"
        strokeWidth="1.5"
      />
    </svg>
  );
}
