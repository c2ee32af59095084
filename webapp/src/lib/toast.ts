import { explain } from "./api";

export interface Note {
  title: string;
  description?: string;
  failed?: boolean;
  /** What can be done about it, such as taking it back. */
  action?: { label: string; run(): void };
}

let waiting: Note[] = [];
const listeners = new Set<() => void>();

/** Tells that something was done. */
export function notify(title: string, description?: string, action?: Note["action"]) {
  add({ title, description, action });
}

/** Tells that something failed; it stays until it is closed. */
export function notifyError(title: string, error: unknown) {
  add({ title, description: explain(error), failed: true });
}

function add(note: Note) {
  waiting = [...waiting, note];
  for (const tell of listeners) tell();
}

/** Notes that nobody has shown yet. The toaster is only loaded with the first one. */
export const notes = {
  subscribe(tell: () => void) {
    listeners.add(tell);
    return () => {
      listeners.delete(tell);
    };
  },
  waiting: () => waiting,
  take(): Note[] {
    const taken = waiting;
    waiting = [];
    return taken;
  },
};
