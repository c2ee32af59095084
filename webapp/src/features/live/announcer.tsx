import { useEffect, useState } from "react";
import { useLiveState } from "./context";

const QUIET_MS = 3000;
let latest: string | null = null;
const listeners = new Set<() => void>();

/** Says something to screen readers, politely; of several within three seconds only the last. */
export function announce(text: string) {
  latest = text;
  for (const tell of listeners) tell();
}

/** The one live region of the page. */
export function Announcer() {
  const [text, setText] = useState("");
  const { status } = useLiveState();

  useEffect(() => {
    let quiet: ReturnType<typeof setTimeout> | null = null;
    const say = () => {
      if (quiet !== null || latest === null) return;
      setText(latest);
      latest = null;
      quiet = setTimeout(() => {
        quiet = null;
        say();
      }, QUIET_MS);
    };
    listeners.add(say);
    say();
    return () => {
      listeners.delete(say);
      if (quiet !== null) clearTimeout(quiet);
    };
  }, []);

  useEffect(() => {
    if (status === "reconnecting") announce("The page is not live any more. Reconnecting.");
    if (status === "live") announce("The page is live.");
  }, [status]);

  return (
    <div role="status" aria-live="polite" className="sr-only">
      {text}
    </div>
  );
}
