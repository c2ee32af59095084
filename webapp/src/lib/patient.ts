let waiting: (() => void)[] = [];
let away = false;

/** Says whether the server cannot be reached now; the live connection is the first to know. */
export function setServerAway(is: boolean): void {
  away = is;
  if (away) return;
  for (const go of waiting) go();
  waiting = [];
}

/**
 * A loader of a part of the page that waits for a server that is away. An import that fails is never
 * asked for again: the browser keeps its failure for as long as the page is open.
 */
export function patient<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    while (away) await new Promise<void>((go) => waiting.push(go));
    return load();
  };
}
