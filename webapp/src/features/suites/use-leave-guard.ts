import { useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";

/** A way out that waits for an answer: whether to leave. */
type Waiting = (leave: boolean) => void;

/**
 * Holds up whoever leaves while something is not saved: another page or another case; the browser asks by itself when its tab is
 * closed. The history is asked itself: the router's own hook would weigh on every page.
 */
export function useLeaveGuard(dirty: () => boolean) {
  const { history } = useRouter();
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  useEffect(
    () =>
      history.block({
        blockerFn: () => {
          if (!dirty()) return false;
          return new Promise<boolean>((done) => setWaiting(() => (leave: boolean) => done(!leave)));
        },
        enableBeforeUnload: dirty,
      }),
    [history, dirty],
  );
  const answer = useCallback(
    (leave: boolean) => {
      setWaiting(null);
      waiting?.(leave);
    },
    [waiting],
  );
  return { waiting: waiting !== null, answer };
}
