import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { keys } from "@/features/live/keys";
import { ApiError } from "@/lib/api";
import { recorder } from "@/lib/recorder-api";
import type { Edit, Recording, Step } from "@/lib/recording";
import { notifyError } from "@/lib/toast";

export interface Editor {
  /** Sends edits; they are events, and can be undone. */
  edit(...edits: Edit[]): void;
  replace(step: Step): void;
  busy: boolean;
  readOnly: boolean;
}

/** Edits the version that is shown, never one that nobody has seen. */
export function useEditor(
  recording: Recording,
  put: (next: Recording) => void,
  readOnly: boolean,
): Editor {
  const client = useQueryClient();
  const { recordingId: id, version } = recording;
  const send = useMutation({
    mutationFn: (edits: Edit[]) => recorder.edit(id, edits, version),
    onSuccess: (next) => {
      put(next);
      void client.invalidateQueries({ queryKey: keys.recordingVersions(id) });
      void client.invalidateQueries({ queryKey: keys.recordings });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.problem.status === 412) {
        void client.invalidateQueries({ queryKey: [...keys.recording(id), "state"] });
        notifyError("Somebody else changed it", new Error("Look at what it is now and try again."));
      } else notifyError("Nothing was changed", error);
    },
  });
  const { mutate } = send;
  const edit = useCallback(
    (...edits: Edit[]) => {
      if (!readOnly) mutate(edits);
    },
    [mutate, readOnly],
  );
  return {
    edit,
    replace: (step) => edit({ op: "replaceStep", step }),
    busy: send.isPending,
    readOnly,
  };
}
