// Puts faults into the page at an assertion that holds, asks it again, and takes them back: a run of its own for each of
// them would take as long as the test.

// Playwright asks once without a limit before it waits: https://playwright.dev/docs/test-assertions.
const once = 1;
const ariaWithin = 2000;

/** What is shown around a fault, as lines that are counted. */
async function shown(frames) {
  const lines = new Map();
  for (const frame of frames) {
    for (const around of await frame.locator("[data-tapedeck-around]").all()) {
      const aria = await around.ariaSnapshot({ timeout: ariaWithin });
      for (const line of aria.split("\n")) {
        const text = line.trim();
        lines.set(text, (lines.get(text) ?? 0) + 1);
      }
    }
  }
  return lines;
}

const most = 40;

/** Lines that are there more or less often than before. */
function differing(before, during) {
  const [gone, come] = [[], []];
  for (const line of new Set([...before.keys(), ...during.keys()])) {
    const [b, d] = [before.get(line) ?? 0, during.get(line) ?? 0];
    if (b !== d) (d > b ? come : gone).push(line);
  }
  return gone.length + come.length ? { gone: gone.slice(0, most), come: come.slice(0, most) } : undefined;
}

async function holds(again) {
  try {
    await again(once);
    return "";
  } catch (error) {
    return error.message || "it did not hold";
  }
}

class Faults {
  /**
   * @param script a function's source, of a fault and true, that looks for its elements and answers { found, put, undo }
   * @param list { id, fault } each
   * @param milliseconds how long they may take at one assertion
   */
  constructor({ script, list, milliseconds }) {
    this.script = script;
    this.milliseconds = milliseconds;
    this.open = list.map((f) => ({ ...f, visible: false }));
  }

  /** Looks for a fault's elements in all frames of the pages. */
  async find(pages, fault) {
    const found = [];
    for (const frame of pages.flatMap((p) => p.frames())) {
      const handle = await frame.evaluateHandle(`(${this.script})(${JSON.stringify(fault)}, true)`).catch(() => undefined);
      if (!handle) continue;
      if (await handle.evaluate((h) => h.found || (h.undo(), 0)).catch(() => 0)) found.push({ frame, handle });
      else await handle.dispose().catch(() => {});
    }
    return found;
  }

  /**
   * Tries those faults that no assertion has noticed yet.
   * @param again asks the assertion once more, within milliseconds
   * @returns what was found of those that the page has a place for, each { id, gone, come, killed, message, durationMs }, and
   *   whether all could be tried
   */
  async tryAt(pages, again) {
    const found = [];
    const until = Date.now() + this.milliseconds;
    for (const f of this.open) {
      if (Date.now() > until) return { found, complete: false };
      const began = performance.now();
      const places = await this.find(pages, f.fault);
      if (!places.length) continue;
      const frames = places.map((p) => p.frame);
      let before, during, message, difference;
      try {
        if (!f.visible) before = await shown(frames).catch(() => undefined);
        for (const { handle } of places) await handle.evaluate((h) => h.put());
        if (before) during = await shown(frames).catch(() => undefined);
        message = await holds(again);
      } finally {
        if (during) difference = differing(before, during);
        for (const { handle } of places) await handle.evaluate((h) => h.undo()).catch(() => {});
        for (const { handle } of places) await handle.dispose().catch(() => {});
      }
      // It has to hold without the fault, or what it says of the fault is worth nothing.
      if (message && (await holds(again))) return { found, complete: false };
      f.visible ||= Boolean(difference || message);
      f.killed = message !== "";
      found.push({ id: f.id, ...difference, killed: f.killed, message, durationMs: performance.now() - began });
    }
    this.open = this.open.filter((f) => !f.killed);
    return { found, complete: true };
  }
}

/** Changes of the very elements that an assertion is about, each of which some assertion would notice. */
const changes = ["text", "hide", "remove", "state"];

/** In the page: changes an element, and answers how it is taken back; what loses the focus or loads again is left alone. */
function change(e, sort) {
  const scrambled = (s) => s.replace(/[a-z]/g, (c) => (c === "z" ? "a" : String.fromCharCode(c.charCodeAt(0) + 1))).replace(/\d/g, (d) => (Number(d) + 1) % 10);
  const undo = [];
  const attribute = (name, value) => {
    const before = e.getAttribute(name);
    e.setAttribute(name, value);
    undo.push(() => (before === null ? e.removeAttribute(name) : e.setAttribute(name, before)));
  };
  const root = e === document.body || e === document.documentElement;
  const focused = !root && e.contains(document.activeElement);
  if (sort === "title" && document.title) {
    const before = document.title;
    document.title = `${scrambled(before)} changed`;
    undo.push(() => { document.title = before; });
  } else if (sort === "text") {
    const walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      const [node, before, after] = [n, n.data, scrambled(n.data)];
      if (before === after) continue;
      node.data = after;
      undo.push(() => { if (node.data === after) node.data = before; });
    }
  } else if (sort === "hide" && !focused && !root) {
    const [value, priority] = [e.style.getPropertyValue("display"), e.style.getPropertyPriority("display")];
    e.style.setProperty("display", "none", "important");
    undo.push(() => (value ? e.style.setProperty("display", value, priority) : e.style.removeProperty("display")));
  } else if (sort === "remove" && !focused && !root && e.parentNode && !e.matches("iframe, video, audio") && !e.querySelector("iframe, video, audio")) {
    const mark = document.createComment("");
    e.replaceWith(mark);
    undo.push(() => mark.replaceWith(e));
  } else if (sort === "state") {
    attribute("class", "changed");
    for (const { name, value } of [...e.attributes]) if (/^(aria-|data-|href|src$|alt$|title$|placeholder$)/.test(name)) attribute(name, `${scrambled(value)}-changed`);
    for (const name of ["checked", "value"]) {
      const before = e[name];
      if (typeof before !== "boolean" && typeof before !== "string") continue;
      e[name] = typeof before === "boolean" ? !before : scrambled(before) || "changed";
      undo.push(() => { e[name] = before; });
    }
    if (!focused && "disabled" in e) attribute("disabled", "");
  }
  return { applied: undo.length, undo: () => undo.reverse().forEach((f) => f()) };
}

/** Whether an assertion about elements or a page notices that these are changed: how many changes were tried, and noticed. */
async function check(subject, again) {
  let tried = 0;
  let noticed = 0;
  const page = typeof subject.goto === "function";
  for (const sort of page ? ["title"] : changes) {
    // Handles of the elements that are there now: the locator itself may no longer find them when they are changed.
    const handles = await (page ? subject.$$("html") : subject.elementHandles()).catch(() => []);
    if (!handles.length || handles.length > 200) break;
    const back = [];
    let applied = 0;
    for (const h of handles) {
      const done = await h.evaluateHandle(change, sort).catch(() => undefined);
      if (!done) continue;
      back.push(done);
      applied += await done.evaluate((d) => d.applied);
    }
    let message = "";
    try {
      if (applied) message = await holds(again);
    } finally {
      for (const done of back.reverse()) await done.evaluate((d) => d.undo()).catch(() => {});
    }
    if (!applied) continue;
    if (message && (await holds(again))) break; // it does not hold without the change either
    tried++;
    if (message) noticed++;
  }
  return { tried, noticed };
}

module.exports = { Faults, check };
