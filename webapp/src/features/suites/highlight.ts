import typescript from "highlight.js/lib/languages/typescript";
import { createLowlight } from "lowlight";

/** A piece of code with the class of what it is; "" for plain text. */
export interface Piece {
  text: string;
  look: string;
}

type Nodes = ReturnType<ReturnType<typeof createLowlight>["highlight"]>["children"];

const lowlight = createLowlight({ typescript });

/** TypeScript as lines of pieces. Nothing of it becomes HTML. */
export function highlight(code: string): Piece[][] {
  const lines: Piece[][] = [[]];
  const walk = (nodes: Nodes, look: string) => {
    for (const node of nodes) {
      if (node.type === "element") walk(node.children as Nodes, lookOf(node.properties) || look);
      if (node.type !== "text") continue;
      for (const [i, text] of node.value.split("\n").entries()) {
        if (i > 0) lines.push([]);
        if (text) lines.at(-1)?.push({ text, look });
      }
    }
  };
  walk(lowlight.highlight("typescript", code).children, "");
  if (lines.length > 1 && lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

const colours: [RegExp, string][] = [
  [/^hljs-comment/, "text-ink-3"],
  [/^hljs-keyword/, "text-(--ansi-5)"],
  [/^hljs-(string|regexp|char)/, "text-(--ansi-2)"],
  [/^hljs-(number|literal)/, "text-(--ansi-1)"],
  [/^hljs-(title|property)/, "text-(--ansi-4)"],
  [/^hljs-(built_in|type|variable)/, "text-(--ansi-6)"],
  [/^hljs-subst/, "text-ink"],
];

function lookOf({ className }: { className?: unknown }): string {
  const names = Array.isArray(className) ? className.map(String) : [];
  return colours.find(([name]) => names.some((each) => name.test(each)))?.[1] ?? "";
}
