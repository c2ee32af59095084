// What this realm's clocks and random numbers say.
globalThis.look = async () => {
  const now = Date.now();
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en", { timeZone: "UTC", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" })
      .formatToParts()
      .map((p) => [p.type, p.value]),
  );
  const clocks = {
    now,
    "new Date": +new Date(),
    "Date()": Date.parse(Date()),
    "a subclass": +new (class extends Date {})(),
    "Intl.format": Date.parse(new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeStyle: "long", timeZone: "UTC" }).format().replace(" at ", " ")),
    "Intl.formatToParts": Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second),
    "performance.timeOrigin": performance.timeOrigin + performance.now(),
    "new File": new File([], "x").lastModified,
  };
  if (globalThis.Temporal) {
    clocks["Temporal.Now.instant"] = Temporal.Now.instant().epochMilliseconds;
    clocks["Temporal.Now.zonedDateTimeISO"] = Temporal.Now.zonedDateTimeISO().epochMilliseconds;
    clocks["Temporal.Now.plainDateTimeISO"] = Temporal.Now.plainDateTimeISO("UTC").toZonedDateTime("UTC").epochMilliseconds;
  }
  let later = now;
  while (later === now) {
    await new Promise((done) => setTimeout(done, 1));
    later = Date.now();
  }
  const random = [`${Math.random()}`, [...crypto.getRandomValues(new Uint8Array(12))].join()];
  if (crypto.randomUUID) random.push(crypto.randomUUID());
  return { clocks, later, random };
};
