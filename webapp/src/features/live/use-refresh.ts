import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useConnection } from "./context";
import type { LiveFilter } from "./protocol";

/**
 * Reads queries again while jobs change, at most once a period: for figures that the page cannot
 * fold itself. Starts at now, and reads once after it has joined, so that nothing is missed.
 */
export function useRefreshOnEvents(queries: QueryKey[], filter: LiveFilter, periodMs: number) {
  const connection = useConnection();
  const client = useQueryClient();
  const [generation, setGeneration] = useState(0);
  const text = JSON.stringify(filter);
  const names = JSON.stringify(queries);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new generation follows after gone
  useEffect(() => {
    const refresh = () => {
      timer.current ??= setTimeout(() => {
        timer.current = null;
        for (const queryKey of JSON.parse(names) as QueryKey[]) {
          void client.invalidateQueries({ queryKey });
        }
      }, periodMs);
    };
    refresh();
    const following = connection.subscribe({
      filter: { ...(JSON.parse(text) as LiveFilter), stateOnly: true },
      mode: "coalesce",
      from: "now",
      onBatch: refresh,
      onGone: () => setGeneration((n) => n + 1),
    });
    return () => {
      following.end();
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    };
  }, [connection, client, text, names, periodMs, generation]);
}
