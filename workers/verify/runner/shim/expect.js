// Wraps Playwright's expect, so that each assertion is told of: which it was, where, and whether it held.
const path = require("node:path");

const root = process.env.TAPEDECK_PROJECT;

/** The innermost place in the project of a stack; the line 0 for none. */
function placeOf(stack) {
  for (const line of String(stack ?? "").split("\n")) {
    const at = /(?:\(|at )(?:file:\/\/)?([^():]+):(\d+):\d+\)?$/.exec(line);
    if (at && at[1].startsWith(`${root}/`) && !at[1].includes("/node_modules/")) return { file: path.relative(root, at[1]), line: Number(at[2]) };
  }
  return { file: "", line: 0 };
}

/** The place in the project that called. */
function caller() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 40;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return placeOf(stack);
}

/** What an assertion is about, for people: a locator's code, or the sort of value. */
function subject(value) {
  const text = value !== null && typeof value === "object" && typeof value.toString === "function" ? String(value) : "";
  if (text && !text.startsWith("[object")) return text.slice(0, 300);
  return value?.constructor?.name ?? typeof value;
}

/** Arguments of a matcher with another limit, where they name one. */
const within = (args, timeout) => args.map((a, i) => (i === args.length - 1 && a?.constructor === Object && "timeout" in a ? { ...a, timeout } : a));

/** Matchers that wait for what a page shows, and look at it again when they are asked again. Pictures take too long. */
const asksPages = (value, name) => isWeb(value) && name !== "toHaveScreenshot" && name !== "toPass";
const isWeb = (value) => typeof value?.ariaSnapshot === "function" || typeof value?.goto === "function";

/**
 * @param real Playwright's expect
 * @param record is called with what is known of an assertion and with a function that asks it; it answers what that answers.
 *   Known is also again(milliseconds), where the assertion can be asked once more; then its value is a page or a locator.
 * @param patient answers an expect that waits as long as it should now
 */
function wrapExpect(real, record, patient = (e) => e) {
  const again = (known, name, args) => {
    if (known.poll || !asksPages(known.value, name)) return undefined;
    return (timeout) => {
      const target = real.configure({ timeout, soft: false })(known.value);
      return (known.negated ? target.not : target)[name](...within(args, timeout));
    };
  };
  const matchers = (target, known) =>
    new Proxy(target, {
      get(on, name, self) {
        const value = Reflect.get(on, name, on);
        if (name === "not") return matchers(value, { ...known, negated: !known.negated });
        if (name === "resolves" || name === "rejects") return matchers(value, known);
        if (typeof value !== "function" || typeof name === "symbol") return value;
        return (...args) => record({ ...known, matcher: name, ...caller(), again: again(known, name, args) }, () => Reflect.apply(value, on, args));
      },
    });
  return new Proxy(real, {
    apply(target, self, args) {
      return matchers(Reflect.apply(patient(target), self, args), { subject: subject(args[0]), value: args[0] });
    },
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name === "soft" || name === "poll") {
        return (...args) => matchers(patient(target)[name](...args), { subject: subject(args[0]), value: args[0], [name]: true });
      }
      if (name === "extend") return (...args) => wrapExpect(value.apply(target, args), record, patient);
      if (name === "configure") return (options) => wrapExpect(target.configure(options), record, "timeout" in options ? undefined : patient);
      return value;
    },
  });
}

module.exports = { wrapExpect, placeOf, caller, isWeb };
