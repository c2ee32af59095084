/** Markdown as a person reads it: without the marks of emphasis, links and code. */
export function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\((?:[^()\s]|\([^()\s]*\))*\)/g, "$1")
    .replace(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, "$2")
    .replace(/`([^`\n]+)`/g, "$1")
    .replace(/^\s*[-*+] (?=\S)/gm, "• ")
    .replace(/\\([\\`*_{}[\]()#+\-.!|<>])/g, "$1");
}

/** The cells of a table's row. */
export function cells(row: string): string[] {
  return row
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.trim()));
}
