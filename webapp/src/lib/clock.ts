const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** Hours, minutes and seconds of local time; with milliseconds when asked. */
export function clock(time: string | number | Date, millis = false): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "–";
  const text = clockFormat.format(at);
  return millis ? `${text}.${String(at.getMilliseconds()).padStart(3, "0")}` : text;
}
