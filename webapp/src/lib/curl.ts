/** A request for a shell; the body is quoted so that nothing in it is run. */
export function asCurl(url: string, body: unknown): string {
  const text = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return `curl -sS ${url} \\\n  -H 'content-type: application/json' \\\n  -d '${text}'`;
}
