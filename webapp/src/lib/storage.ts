/** Browser storage that may be absent or refused: reading then answers null, writing does nothing. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`tapedeck.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string) {
  try {
    localStorage.setItem(`tapedeck.${key}`, value);
  } catch {
    // A private window may refuse; the choice then lasts until the page is closed.
  }
}
