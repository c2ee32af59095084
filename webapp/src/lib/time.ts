import { clock } from "./clock";

const UNITS: [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
];

/** A length of time in at most two units: `840 ms`, `4.2 s`, `3 m 12 s`, `2 d 4 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 1000) return `${ms < 10 && !Number.isInteger(ms) ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const [bigName, big] = UNITS[first] as [string, number];
  const rest = UNITS[first + 1];
  const whole = Math.floor(ms / big);
  const part = rest ? Math.floor((ms % big) / rest[1]) : 0;
  return part && rest ? `${whole} ${bigName} ${part} ${rest[0]}` : `${whole} ${bigName}`;
}

/** How long ago, for lists: one unit, short. The full time belongs in a title beside it. */
export function ago(then: string | number, now: number): string {
  const ms = now - new Date(then).getTime();
  if (!Number.isFinite(ms)) return "–";
  const size = Math.abs(ms);
  const text =
    size < 1000
      ? "now"
      : (UNITS.filter(([, unit]) => size >= unit).map(
          ([name, unit]) => `${Math.floor(size / unit)} ${name}`,
        )[0] ?? "now");
  if (text === "now") return text;
  return ms < 0 ? `in ${text}` : `${text} ago`;
}

const dateFormat = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
});

/** Date and time of local time, to the millisecond: for titles and details. */
export function stamp(time: string | number | Date): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? "–" : `${dateFormat.format(at)}, ${clock(at, true)}`;
}

const number = new Intl.NumberFormat("en-US");

/** A whole number with thousands separators. */
export function integer(n: number): string {
  return number.format(n);
}

/** A size in bytes, in decimal units. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = n;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${units[unit]}`;
}
