import { useEffect, useState, useSyncExternalStore } from "react";
import { stageURL } from "@/lib/recorder-api";
import { Stage, type StageSnapshot, stageWorld } from "./stage";

/** A seat in front of a session's browser, for as long as `active` says that there is one. */
export function useStage(
  sessionId: string,
  active: boolean,
): { stage: Stage; snapshot: StageSnapshot } {
  const [stage] = useState(() => new Stage(stageWorld(stageURL(sessionId))));
  useEffect(() => {
    if (!active) return;
    stage.start();
    const wake = () => {
      if (!document.hidden) stage.retryNow();
    };
    document.addEventListener("visibilitychange", wake);
    window.addEventListener("online", wake);
    return () => {
      document.removeEventListener("visibilitychange", wake);
      window.removeEventListener("online", wake);
      stage.close();
    };
  }, [stage, active]);
  const snapshot = useSyncExternalStore(
    (tell) => stage.watch(tell),
    () => stage.snapshot,
  );
  return { stage, snapshot };
}

/** Whether this viewer's input goes to the page. */
export function drives({ view, status }: StageSnapshot): boolean {
  if (status !== "live" || !view.hello) return false;
  if (!view.state) return view.hello.you === "driver";
  return view.state.driver === view.hello.viewer;
}
