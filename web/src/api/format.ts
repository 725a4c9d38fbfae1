const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A time in seconds since 1970, as people here write it. */
export function date(seconds: number | undefined): string {
  return seconds === undefined ? "–" : DATE.format(new Date(seconds * 1000));
}

/** Seconds in words. */
export function duration(seconds: number | undefined | null): string {
  if (seconds === undefined || seconds === null) return "–";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3600).toFixed(2)} hours`;
}

/** A share from 0 to 1 with three digits, as the workshop reads scores. */
export function score(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}

export function percent(value: number, digits = 0): string {
  return `${value.toFixed(digits)} %`;
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString()} ${number === 1 ? noun : plural}`;
}

/** TRAINING_IN_PROGRESS as "Training in progress". */
export function sentence(status: string): string {
  const lower = status.replaceAll("_", " ").toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}
