/**
 * The page's URLs use the API's own grammar: repeated parameters, no JSON. What a person sees in
 * the address bar of a list is what `curl` would send.
 */
export type RawSearch = Record<string, string | string[]>;

export function parseSearch(text: string): RawSearch {
  const out: RawSearch = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const had = out[key];
    if (had === undefined) out[key] = value;
    else if (Array.isArray(had)) had.push(value);
    else out[key] = [had, value];
  }
  return out;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") params.append(key, String(one));
    }
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** One string of a raw search; the first when it was repeated. */
export function one(search: Record<string, unknown>, key: string): string | undefined {
  const value = search[key];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined || first === "" ? undefined : String(first);
}

/** All strings of a raw search's key, undefined when there are none. */
export function many(search: Record<string, unknown>, key: string): string[] | undefined {
  const value = search[key];
  const list = (Array.isArray(value) ? value : [value]).filter((v) => v !== undefined && v !== "");
  return list.length ? list.map(String) : undefined;
}

/** A whole number ≥ 0 of a raw search. */
export function count(search: Record<string, unknown>, key: string): number | undefined {
  const text = one(search, key);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Makes a route's search what its reader understood, beside the root's project: the router merges
 * the address itself into it, so what was left out would come back as it was typed.
 */
export function only<T extends object>(read: (raw: Record<string, unknown>) => T) {
  return (raw: Record<string, unknown>): T => {
    const dropped = Object.keys(raw).filter((key) => key !== "project");
    return { ...Object.fromEntries(dropped.map((key) => [key, undefined])), ...read(raw) };
  };
}
