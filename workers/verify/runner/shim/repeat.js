// Declares each chosen test as often as the host wants to run it. Playwright's own repeatEach starts a process and a browser
// for each repetition; tests of one file that are declared several times share them.
const { caller } = require("./expect.js");

const times = Number(process.env.TAPEDECK_REPEAT || 1);
const only = process.env.TAPEDECK_ONLY ? new Set(JSON.parse(process.env.TAPEDECK_ONLY)) : undefined;

/** What is added to the title of a repetition: nobody writes it, nobody sees it. */
const sign = "\u2063#";
const suffix = (i) => (i ? sign + i : "");
const where = "tapedeck.at";

/** A title without the sign of a repetition. */
const bare = (title) => title.replace(/\u2063#\d+$/, "");
const repetition = (titles) => Math.max(0, ...titles.map((t) => Number(/\u2063#(\d+)$/.exec(t)?.[1] ?? 0)));

/** Where a test was declared, and its annotations without our own. */
function declared(annotations) {
  const own = annotations.find((a) => a.type === where)?.description ?? "";
  const at = own.lastIndexOf(":");
  return {
    file: own.slice(0, at), line: Number(own.slice(at + 1)) || 0,
    annotations: annotations.filter((a) => a.type !== where).map(({ type, description }) => ({ type, description: description ?? "" })),
  };
}

let serial; // the repetition of a serial group that is being declared

function declare(register, title, args) {
  const { file, line } = caller();
  const at = `${file}:${line}`;
  if (only && !only.has(at)) return;
  const details = args.length > 1 ? args[0] : {};
  const body = args.at(-1);
  const annotation = [...[details.annotation ?? []].flat(), { type: where, description: at }];
  for (let i = 0; i < (serial === undefined ? times : 1); i++) {
    register(title + suffix(i), { ...details, annotation }, body);
  }
}

function serialGroup(register, args) {
  if (typeof args.at(-1) !== "function") return register(...args);
  const title = typeof args[0] === "string" ? args[0] : "";
  for (let i = 0; i < times; i++) {
    serial = i;
    register(title + suffix(i), ...args.slice(typeof args[0] === "string" ? 1 : 0));
  }
  serial = undefined;
}

/** Wraps a test type and those that are made of it. */
function repeated(type, expect) {
  const declares = new Set(["only", "skip", "fixme", "fail"]);
  return new Proxy(type, {
    apply: (target, self, [title, ...args]) => declare(target, title, args),
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name === "expect") return expect;
      if (name === "extend") return (...args) => repeated(value(...args), expect);
      if (declares.has(name)) {
        return Object.assign(
          (...args) => (typeof args[0] === "string" && typeof args.at(-1) === "function" ? declare(value, args[0], args.slice(1)) : value(...args)),
          value,
        );
      }
      if (name !== "describe") return value;
      return new Proxy(value, {
        get(describe, mode) {
          const inner = Reflect.get(describe, mode, describe);
          return mode === "serial" ? Object.assign((...args) => serialGroup(inner, args), inner) : inner;
        },
      });
    },
  });
}

module.exports = { bare, repetition, declared, repeated };
