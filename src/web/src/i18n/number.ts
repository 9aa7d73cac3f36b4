/** A number that a person has typed, "1,50" and "1.50" alike; null for what is none, or not from 0 to `most`. */
export function readNumber(text: string, most: number): number | null {
  const digits = text.trim().replace(",", ".");
  const value = Number(digits);
  return digits && Number.isFinite(value) && value >= 0 && value <= most ? value : null;
}
