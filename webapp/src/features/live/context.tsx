import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useRef,
  useSyncExternalStore,
} from "react";
import { useStored } from "@/lib/hooks";
import { setServerAway } from "@/lib/patient";
import type { Batch, Gone, LiveConnection, LiveState } from "./connection";
import type { LiveFilter, LiveMode } from "./protocol";

const Context = createContext<LiveConnection | null>(null);

export function LiveProvider({
  connection,
  children,
}: {
  connection: LiveConnection;
  children: ReactNode;
}) {
  useEffect(() => {
    const unwatch = connection.watch(() =>
      setServerAway(connection.state.status === "reconnecting"),
    );
    connection.start();
    const wake = () => {
      if (!document.hidden) connection.retryNow();
    };
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      connection.stop();
      unwatch();
      setServerAway(false);
    };
  }, [connection]);
  return <Context value={connection}>{children}</Context>;
}

export function useConnection(): LiveConnection {
  const connection = use(Context);
  if (!connection) throw new Error("no LiveProvider above");
  return connection;
}

export function useLiveState(): LiveState {
  const connection = useConnection();
  return useSyncExternalStore(
    (tell) => connection.watch(tell),
    () => connection.state,
  );
}

/**
 * Follows the log from `from` while the component is there. `from` is the cursor that the loaded
 * data reflects, so that data and stream join without a gap; undefined waits for it. Data that is
 * loaded afresh has another cursor and is followed from there. Answers the last cursor seen.
 */
export function useLive(options: {
  filter: LiveFilter;
  mode: LiveMode;
  from: string | undefined;
  onBatch: (batch: Batch) => void;
  onGone: (gone: Gone) => void;
}): () => string | undefined {
  const connection = useConnection();
  const handlers = useStored(options);
  const cursor = useRef<(() => string) | null>(null);
  const filter = JSON.stringify(options.filter);
  const { mode, from } = options;

  useEffect(() => {
    if (from === undefined) return;
    const subscription = connection.subscribe({
      filter: JSON.parse(filter) as LiveFilter,
      mode,
      from,
      onBatch: (batch) => handlers.current.onBatch(batch),
      onGone: (gone) => handlers.current.onGone(gone),
    });
    cursor.current = subscription.cursor;
    return () => {
      cursor.current = null;
      subscription.end();
    };
  }, [connection, handlers, filter, mode, from]);

  return useCallback(() => cursor.current?.(), []);
}
