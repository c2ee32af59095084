// One run of one test, as the host sees it.
const net = require("node:net");
const { isWeb } = require("./expect.js");
const { post, plain } = require("./host.js");
const { Faults, check } = require("./inplace.js");

const ariaWithin = 2000;
const maxAria = 256 * 1024;

class Session {
  /**
   * @param extend gives the test more time, in milliseconds: what is asked of it beside its own work does not count
   * @param errors answers what has gone wrong in the test so far
   */
  constructor(id, setup, extend, errors) {
    this.id = id;
    this.setup = setup;
    this.extend = extend;
    this.errors = errors;
    this.pages = new Set();
    this.faults = setup.inPlace && new Faults(setup.inPlace);
    this.asked = 0;
    this.failed = undefined;
    this.crashed = "";
    this.doubted = false; // the host will not let it pass
    this.said = Promise.resolve();
  }

  /** Reports in order; what the host does not take is lost, the test goes on. */
  say(kind, body) {
    this.said = this.said.then(() => post("/report", { session: this.id, kind, ...body })).catch(() => {});
  }

  /** Chromium speaks TCP, the host a socket in the file system. */
  async open() {
    if (!this.setup.socket) return;
    const sockets = new Set();
    this.server = net.createServer((near) => {
      const far = net.connect(this.setup.socket);
      for (const s of [near, far]) {
        sockets.add(s);
        s.on("close", () => sockets.delete(s));
        s.on("error", () => { near.destroy(); far.destroy(); });
      }
      near.pipe(far).pipe(near);
    });
    this.sockets = sockets;
    await new Promise((resolve, reject) => this.server.once("error", reject).listen(0, "127.0.0.1", resolve));
    this.proxy = { server: `http://127.0.0.1:${this.server.address().port}`, bypass: "<-loopback>" };
  }

  close() {
    for (const s of this.sockets ?? []) s.destroy();
    this.server?.close();
  }

  /** Follows a browser context. */
  async attach(context) {
    context.on("page", (page) => this.follow(page));
    context.on("weberror", (e) => this.say("pageError", { message: plain(e.error()?.message) }));
    if (this.setup.initScript) await context.addInitScript({ content: this.setup.initScript });
  }

  async follow(page) {
    this.pages.add(page);
    page.on("close", () => this.pages.delete(page));
    page.on("crash", () => { this.crashed = "the page crashed"; });
    if (this.setup.coverage) await page.coverage.startJSCoverage({ resetOnNavigation: false }).catch(() => {});
    if (this.setup.cpuThrottle > 1) {
      try {
        const cdp = await page.context().newCDPSession(page);
        await cdp.send("Emulation.setCPUThrottlingRate", { rate: this.setup.cpuThrottle });
      } catch {
        // The page has gone already.
      }
    }
  }

  /** What the open pages show. */
  async look(at) {
    if (!this.setup.checkpoints) return;
    const pages = [];
    for (const page of this.pages) {
      try {
        const aria = await page.locator("body").ariaSnapshot({ timeout: ariaWithin });
        pages.push({ url: page.url(), aria: aria.slice(0, maxAria), ...(await this.inside(page)) });
      } catch {
        pages.push({ url: page.url(), unknown: true });
      }
    }
    this.say("checkpoint", { at, pages });
  }

  /** What the host's script in the page has to say. */
  async inside(page) {
    const told = [];
    for (const frame of page.frames()) {
      told.push(await frame.evaluate(() => globalThis[Symbol.for("tapedeck.told")]?.()).catch(() => undefined));
    }
    return { told: told.filter((t) => t !== undefined) };
  }

  /** What of the scripts was run. */
  async coverage() {
    if (!this.setup.coverage) return;
    for (const page of this.pages) {
      const entries = await page.coverage.stopJSCoverage().catch(() => []);
      for (const { url, functions } of entries) {
        const ranges = functions.flatMap((f) => (f.ranges[0].count > 0 ? [[f.ranges[0].startOffset, f.ranges[0].endOffset]] : []));
        this.say("coverage", { url, ranges });
      }
    }
  }

  /** Tries faults at an assertion that held. One that cannot be asked again leaves open whether it would notice them. */
  async tryFaults(index, told, value, again) {
    if (!this.faults) return;
    if (!again) return this.say("faults", { index, complete: false });
    const began = Date.now();
    const { found, complete } = await this.faults.tryAt([...this.pages].filter((p) => !p.isClosed()), again)
      .catch(() => ({ found: [], complete: false })); // the page went elsewhere
    this.say("faults", { index, faults: found.map((f) => ({ ...f, message: plain(f.message) })), complete });
    if (this.setup.inPlace.check && !told.negated) {
      this.say("check", { index, ...told, ...(await check(value, again)) });
    }
    this.extend(Date.now() - began);
  }

  /** Asks an assertion and tells of it. */
  record(known, ask) {
    const { value, again, ...told } = known;
    const index = ++this.asked;
    const began = Date.now();
    const before = this.errors().length;
    // A soft assertion that does not hold tells the test of it, not its caller.
    const softly = () => (known.soft ? this.errors()[before] : undefined);
    const done = (error) => {
      if (error && !this.failed) {
        this.failed = { by: "assertion", assertion: index, message: plain(error.message), file: known.file, line: known.line };
      }
      this.say("assertion", { index, ...told, held: !error, durationMs: Date.now() - began });
    };
    const run = () => {
      let answer;
      try {
        answer = ask();
      } catch (error) {
        done(error);
        throw error;
      }
      if (typeof answer?.then !== "function") {
        done(softly());
        if (this.faults) this.say("faults", { index, complete: false });
        return answer;
      }
      // Afterwards the page has come to what is claimed of it: that is the time to look.
      const look = () => (isWeb(value) ? this.look(index) : undefined);
      return answer.then(
        async (v) => {
          const error = softly();
          done(error);
          await look();
          if (!error) await this.tryFaults(index, told, value, again);
          return v;
        },
        async (error) => { done(error); await look(); throw error; },
      );
    };
    return run();
  }
}

module.exports = { Session };
