export type Language = "fr" | "en";

const LITRES = 1000;
const HUNDREDTH = 10; // litres
const TENTH = 100; // litres
const SEEN = 5; // litres: less is no hundredth of a cubic metre, and not nothing either
const UNIT = "\u00a0m³";

export interface Formats {
  /** 1 204 */
  whole(value: number): string;
  /** 0 to 100: 66 % */
  percent(value: number): string;
  /** Rounded half up to two decimals, as tables and rows show it: 3,12 m³ */
  volume(cubicMetres: number): string;
  /** As it stands in a field, to the litre, without its unit: 1,50; 0,002 */
  field(cubicMetres: number): string;
  /** The same without its unit, in one decimal: 17,4 */
  headline(cubicMetres: number): string;
  /** One decimal with its unit: 17,4 m³ */
  roughly(cubicMetres: number): string;
  /** 20 m³, for trucks */
  truck(cubicMetres: number): string;
  /** 4,8 Mo */
  megabytes(bytes: number): string;
  /** 14:31:08 */
  clock(time: Date | number): string;
  /** 14:32 */
  hour(time: Date | number): string;
  /** 14 mars */
  day(time: Date | number): string;
  /** 14 mars, 14:32 */
  moment(time: Date | number): string;
  /** 48 s; 2 min 5 s */
  duration(seconds: number): string;
}

/** Volumes are whole litres in truth; a float of them rounds the wrong way without this. */
function halfUp(cubicMetres: number, step: number): number {
  return (Math.floor((Math.round(cubicMetres * LITRES) + step / 2) / step) * step) / LITRES;
}

export function formats(language: Language): Formats {
  const locale = language === "fr" ? "fr-FR" : "en-GB";
  const number = (digits: number) =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const date = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const [whole, one, two] = [number(0), number(1), number(2)];
  const field = new Intl.NumberFormat(locale, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 3,
    useGrouping: false,
  });
  const megabytes = new Intl.NumberFormat(locale, {
    style: "unit",
    unit: "megabyte",
    unitDisplay: "short",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const clock = date({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const hour = date({ hour: "2-digit", minute: "2-digit" });
  const day = date({ day: "numeric", month: "long" });
  const headline = (value: number) => one.format(halfUp(value, TENTH));
  return {
    whole: (value) => whole.format(value),
    percent: (value) => whole.format(value) + (language === "fr" ? "\u202f%" : "%"), // browsers disagree on the space
    volume: (value) => {
      const litres = Math.round(value * LITRES);
      if (litres > 0 && litres < SEEN) return `<\u00a0${two.format(0.01)}${UNIT}`;
      return two.format(halfUp(value, HUNDREDTH)) + UNIT;
    },
    field: (value) => field.format(value),
    headline,
    roughly: (value) => headline(value) + UNIT,
    truck: (value) => whole.format(value) + UNIT,
    megabytes: (bytes) => megabytes.format(bytes / 1e6),
    clock: (time) => clock.format(time),
    hour: (time) => hour.format(time),
    day: (time) => day.format(time),
    moment: (time) => `${day.format(time)}, ${hour.format(time)}`,
    duration: (seconds) => {
      const rounded = Math.max(1, Math.round(seconds));
      if (rounded < 60) return `${rounded}\u00a0s`;
      const rest = rounded % 60;
      return `${Math.floor(rounded / 60)}\u00a0min${rest ? ` ${rest}\u00a0s` : ""}`;
    },
  };
}
