/** A run of text with one look. Colours are the 16 names of the terminal palette, or a CSS colour. */
export interface Span {
  text: string;
  fg?: string;
  bg?: string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
}

type Look = Omit<Span, "text">;

// CSI sequences, OSC sequences (links, titles) and lone escapes. Only SGR ("m") changes the look.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are control characters
const ESCAPE = /\u001b(?:\[([0-9;:]*)([A-Za-z])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** Splits one line of terminal output into spans. Carriage returns keep only what was last written. */
export function parseAnsi(line: string): Span[] {
  const shown = line.includes("\r") ? overwritten(line) : line;
  if (!shown.includes("\u001b")) return shown ? [{ text: shown }] : [];
  const spans: Span[] = [];
  let look: Look = {};
  let from = 0;
  ESCAPE.lastIndex = 0;
  for (let hit = ESCAPE.exec(shown); hit; hit = ESCAPE.exec(shown)) {
    if (hit.index > from) spans.push({ text: shown.slice(from, hit.index), ...look });
    from = hit.index + hit[0].length;
    if (hit[2] === "m") look = applySgr(look, hit[1] ?? "");
  }
  if (from < shown.length) spans.push({ text: shown.slice(from), ...look });
  return spans;
}

/** The line without any escape sequence: what search and copy work on. */
export function stripAnsi(line: string): string {
  return line.includes("\u001b") ? line.replace(ESCAPE, "") : line;
}

function overwritten(line: string): string {
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}

function applySgr(look: Look, params: string): Look {
  const codes = params.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  let next: Look = { ...look };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) next = { ...next, bold: undefined, dim: undefined };
    else if (code === 23) next.italic = undefined;
    else if (code === 24) next.underline = undefined;
    else if (code >= 30 && code <= 37) next.fg = `ansi-${code - 30}`;
    else if (code >= 90 && code <= 97) next.fg = `ansi-${code - 90 + 8}`;
    else if (code >= 40 && code <= 47) next.bg = `ansi-${code - 40}`;
    else if (code >= 100 && code <= 107) next.bg = `ansi-${code - 100 + 8}`;
    else if (code === 39) next.fg = undefined;
    else if (code === 49) next.bg = undefined;
    else if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes, i + 1);
      if (colour) next[code === 38 ? "fg" : "bg"] = colour;
      i += used;
    }
  }
  return next;
}

/** Reads "5;n" or "2;r;g;b" at i and answers the colour and how many codes it took. */
function extendedColour(codes: number[], i: number): [string | undefined, number] {
  if (codes[i] === 2) {
    const [r = 0, g = 0, b = 0] = codes.slice(i + 1, i + 4);
    return [[r, g, b].every((c) => c >= 0 && c <= 255) ? `rgb(${r} ${g} ${b})` : undefined, 4];
  }
  if (codes[i] === 5) return [indexed(codes[i + 1] ?? -1), 2];
  return [undefined, 0];
}

function indexed(n: number): string | undefined {
  if (n < 0 || n > 255) return undefined;
  if (n < 16) return `ansi-${n}`;
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const step = (v: number) => (v === 0 ? 0 : 55 + v * 40);
  const cube = n - 16;
  return `rgb(${step(Math.floor(cube / 36))} ${step(Math.floor(cube / 6) % 6)} ${step(cube % 6)})`;
}
