// Holds the page to its budget: gzipped JavaScript of the shell (what every page loads) and of
// each route before its own lazy chunks. Reads Vite's manifest; exits 1 when something is over.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const SHELL_KB = 130;
const ROUTE_KB = 180;

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** @param {string} key @param {Set<string>} seen */
function staticImports(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) staticImports(next, seen);
  return seen;
}

const sizes = new Map();
/** @param {Iterable<string>} keys */
function gzipKB(keys) {
  let total = 0;
  for (const key of keys) {
    const file = manifest[key].file;
    if (!sizes.has(file))
      sizes.set(file, gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length);
    total += sizes.get(file);
  }
  return total / 1000;
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const shell = staticImports(entry);
const rows = [["shell", gzipKB(shell), SHELL_KB]];
for (const key of Object.keys(manifest)) {
  if (key.startsWith("src/routes/") && manifest[key].isDynamicEntry) {
    rows.push([key, gzipKB(new Set([...shell, ...staticImports(key)])), ROUTE_KB]);
  }
}

let over = false;
for (const [name, kb, limit] of rows) {
  const bad = kb > limit;
  over ||= bad;
  console.log(`${bad ? "OVER" : "ok  "} ${kb.toFixed(1).padStart(6)} kB of ${limit}  ${name}`);
}
process.exit(over ? 1 : 0);
