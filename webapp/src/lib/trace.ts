import { useMutation } from "@tanstack/react-query";
import { notifyError } from "./toast";

/** Opens a trace. The viewer is on an origin of its own; the tab is opened at once, or the browser would block it. */
export function useTrace(ask: () => Promise<{ url: string }>) {
  return useMutation({
    mutationFn: async () => {
      const tab = window.open("about:blank", "_blank");
      try {
        const { url } = await ask();
        if (!tab) throw new Error("The browser does not let this page open a tab.");
        tab.opener = null;
        tab.location.replace(url);
      } catch (error) {
        tab?.close();
        throw error;
      }
    },
    onError: (error) => notifyError("The trace could not be opened", error),
  });
}
