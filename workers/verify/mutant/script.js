// Finds what can be changed in the syntax trees of scripts. Reads {scripts: [{url, source, ranges}]} and writes
// {sites: [{url, operator, line, start, end, text, what}]}; ranges are the functions that were run, offsets UTF-16 units of
// the source, start and end bytes of its UTF-8 form.
const path = require("node:path");
const modules = path.join(process.argv.at(-1), "node_modules");
const acorn = require(path.join(modules, "acorn"));
const walk = require(path.join(modules, "acorn-walk"));

const maxSites = 4000; // of one script

const inverse = { "===": "!==", "!==": "===", "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">" };
const opposite = { "+": "-", "-": "+", "*": "/", "/": "*" };

function parse(source) {
  for (const sourceType of ["module", "script"]) {
    try {
      return acorn.parse(source, { ecmaVersion: "latest", sourceType, locations: true, allowHashBang: true, allowReturnOutsideFunction: true });
    } catch {
      // The other kind, or no script at all.
    }
  }
}

function sitesOf({ url, source, ranges }) {
  const tree = parse(source);
  if (!tree) return [];
  // The innermost function decides: an outer one that was run says nothing of it. A script's own range is its whole.
  const ran = new Set(ranges.map(([start, end]) => `${start}:${end}`));
  const out = [];
  const add = (node, operator, text, what) => {
    if (out.length < maxSites) out.push({ url, operator, line: node.loc.start.line, start: node.start, end: node.end, text, what });
  };
  const code = (node) => source.slice(node.start, node.end);
  const brief = (node) => code(node).replace(/\s+/g, " ").slice(0, 80);
  const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);
  walk.fullAncestor(tree, (node, _state, ancestors) => {
    const inner = ancestors.slice(0, -1).findLast((a) => functions.has(a.type));
    if (inner) {
      const holder = ancestors[ancestors.indexOf(inner) - 1];
      const method = holder && ["MethodDefinition", "Property"].includes(holder.type) ? holder : inner;
      if (!ran.has(`${inner.start}:${inner.end}`) && !ran.has(`${method.start}:${method.end}`)) return;
    }
    switch (node.type) {
      case "IfStatement":
      case "ConditionalExpression":
        add(node.test, "negate", `!(${code(node.test)})`, `takes ${brief(node.test)} for its opposite`);
        break;
      case "BinaryExpression":
        if (inverse[node.operator]) {
          add(node, "compare", `(${code(node.left)} ${inverse[node.operator]} ${code(node.right)})`, `${brief(node)} with ${inverse[node.operator]}`);
        } else if (opposite[node.operator]) {
          add(node, "arithmetic", `(${code(node.left)} ${opposite[node.operator]} ${code(node.right)})`, `${brief(node)} with ${opposite[node.operator]}`);
        }
        break;
      case "LogicalExpression":
        if (node.operator !== "??") {
          const other = node.operator === "&&" ? "||" : "&&";
          add(node, "logic", `((${code(node.left)}) ${other} (${code(node.right)}))`, `${brief(node)} with ${other}`);
        }
        break;
      case "ExpressionStatement":
        if (node.expression.type === "CallExpression" || node.expression.type === "AssignmentExpression") {
          add(node.expression, "remove", "void 0", `leaves out ${brief(node.expression)}`);
        }
        break;
      case "ReturnStatement":
        if (node.argument) add(node.argument, "return", "(void 0)", `returns nothing instead of ${brief(node.argument)}`);
        break;
      case "Literal":
        if (typeof node.value === "boolean") add(node, "boolean", String(!node.value), `${node.value} turned round`);
        else if (typeof node.value === "string" && /[a-z]{3}/i.test(node.value) && ancestors.at(-2)?.type !== "ImportDeclaration" && ancestors.at(-2)?.type !== "Property" && !ancestors.at(-2)?.directive) {
          add(node, "string", JSON.stringify(`${node.value}x`), `${JSON.stringify(node.value.slice(0, 60))} with one letter more`);
        }
        break;
    }
  });
  return inBytes(out, source);
}

/** Offsets of UTF-16 units as offsets of bytes. */
function inBytes(sites, source) {
  const marks = [...new Set(sites.flatMap((s) => [s.start, s.end]))].sort((a, b) => a - b);
  const bytes = new Map();
  let at = 0;
  let total = 0;
  for (const mark of marks) {
    total += Buffer.byteLength(source.slice(at, mark));
    at = mark;
    bytes.set(mark, total);
  }
  return sites.map((s) => ({ ...s, start: bytes.get(s.start), end: bytes.get(s.end) }));
}

let input = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (part) => { input += part; });
process.stdin.on("end", () => {
  const { scripts } = JSON.parse(input);
  process.stdout.write(JSON.stringify({ sites: scripts.flatMap(sitesOf) }));
});
