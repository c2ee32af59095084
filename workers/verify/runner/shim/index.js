// Stands in the place of @playwright/test in a test project: the same, but each run of a test has a session of the host's,
// which says through which proxy it goes, and is told what is asserted and seen.
const path = require("node:path");
const real = require(path.join(process.env.TAPEDECK_KIT, "node_modules", "@playwright", "test"));
const { post, plain } = require("./host.js");
const { Session } = require("./session.js");
const { wrapExpect, placeOf } = require("./expect.js");
const { bare, declared, repeated, repetition } = require("./repeat.js");

// A worker runs one test at a time.
let current;

/** What the host knows a run by. Afterwards the test does not see that it is a repetition: pictures it compares with keep their names. */
function describe(info) {
  const titles = info.titlePath.slice(1).filter(Boolean);
  const out = { ...declared(info.annotations), titles: titles.map(bare), project: info.project.name, repeat: repetition(titles) };
  info.title = bare(info.title);
  info.titlePath = info.titlePath.map(bare);
  return out;
}

/** How a run that did not pass ended. */
function ending(session, info) {
  if (info.status === "passed" || info.status === "skipped") return undefined;
  if (session.failed && !session.crashed) return session.failed;
  const error = info.errors[0] ?? {};
  const message = plain(error.message ?? error.value);
  const at = placeOf(error.stack);
  if (session.crashed || /Target (page, context or browser has been closed|crashed)|Page crashed|Browser closed/.test(message)) {
    return { by: "crash", message: session.crashed || message, ...at };
  }
  if (/^(Error|TimeoutError): (locator|page|frame|elementHandle|keyboard|mouse|apiRequestContext|browserContext)\.\w+:/m.test(message)) {
    return { by: "action", message, ...at };
  }
  if (info.status === "timedOut") return { by: "timeout", message, ...at };
  return { by: "crash", message, ...at };
}

const base = real.test.extend({
  _tapedeck: [
    async ({}, use, info) => {
      const { session: id, ...setup } = await post("/begin", { test: describe(info), worker: info.workerIndex });
      if (setup.skip) info.skip();
      const session = new Session(id, setup, (ms) => info.timeout && info.setTimeout(info.timeout + ms), () => info.errors);
      if (setup.patience > 1 && info.timeout) info.setTimeout(info.timeout * setup.patience);
      await session.open();
      const before = {};
      for (const [name, value] of Object.entries(setup.env ?? {})) {
        before[name] = process.env[name];
        process.env[name] = value;
      }
      current = session;
      try {
        await use(session);
      } finally {
        current = undefined;
        await session.said;
        if (session.doubted && info.errors.length === 0) info.status = "passed";
        const verdict = await post("/finish", { session: id, status: info.status, end: ending(session, info), assertions: session.asked });
        session.close();
        for (const [name, value] of Object.entries(before)) {
          if (value === undefined) delete process.env[name];
          else process.env[name] = value;
        }
        if (verdict?.fail && info.status === "passed") throw new Error(verdict.fail);
      }
    },
    { auto: true, box: true, title: "tapedeck", timeout: 60_000 },
  ],
  actionTimeout: async ({ _tapedeck, actionTimeout }, use) => use(actionTimeout * (_tapedeck.setup.patience || 1)),
  navigationTimeout: async ({ _tapedeck, navigationTimeout }, use) => use(navigationTimeout * (_tapedeck.setup.patience || 1)),
  proxy: async ({ _tapedeck, proxy }, use) => use(_tapedeck.proxy ?? proxy),
  baseURL: async ({ _tapedeck, baseURL }, use) => use(_tapedeck.setup.baseURL || baseURL),
  ignoreHTTPSErrors: async ({ _tapedeck }, use) => use(_tapedeck.setup.ignoreHTTPSErrors ?? true),
  storageState: async ({ _tapedeck, storageState }, use) => use(_tapedeck.setup.storageState ?? storageState),
  extraHTTPHeaders: async ({ _tapedeck, extraHTTPHeaders }, use) => use({ ...extraHTTPHeaders, ..._tapedeck.setup.extraHTTPHeaders }),
  context: async ({ context, _tapedeck }, use, info) => {
    await _tapedeck.attach(context);
    await use(context);
    await _tapedeck.look(0);
    await _tapedeck.coverage();
    await _tapedeck.said;
    const { fits } = await post("/settle", { session: _tapedeck.id });
    // With the context of a run that has passed so far Playwright throws its trace away.
    if (!fits && info.status === "passed") {
      info.status = "failed";
      _tapedeck.doubted = true;
    }
  },
});

const record = (known, ask) => (current ? current.record(known, ask) : ask());

/** The limit of the configuration, times what the run is slowed down by. One that the test sets itself stays. */
const patient = (expect) => {
  const times = current?.setup.patience || 1;
  return times > 1 ? expect.configure({ timeout: Number(process.env.TAPEDECK_EXPECT_MS) * times }) : expect;
};

const expect = wrapExpect(real.expect, record, patient);

const test = repeated(base, expect);
const mergeTests = (...types) => repeated(real.mergeTests(...types), expect);
const mergeExpects = (...list) => wrapExpect(real.mergeExpects(...list), record, patient);

module.exports = Object.assign(Object.create(null), real, { test, expect, mergeTests, mergeExpects, default: test });
Object.defineProperty(module.exports, "__esModule", { value: true });
