import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useIdempotencyKey } from "@/lib/idempotency";
import { recorder } from "@/lib/recorder-api";
import type { Size } from "@/lib/recording";
import { notifyError } from "@/lib/toast";

export interface RunAgain {
  recordingId: string;
  url: string;
  name: string;
  project: string;
  viewport?: Size;
  version?: number;
  /** So many of its steps are run, then a person goes on; without it all are run. */
  steps?: number;
}

/** Starts a session that runs a recording, whole or its beginning, and leads to it. */
export function useRunAgain() {
  const navigate = useNavigate();
  const keyFor = useIdempotencyKey();
  return useMutation({
    mutationFn: ({ recordingId, version, steps, viewport, ...rest }: RunAgain) => {
      const input = {
        ...rest,
        ...(viewport?.width ? { viewport } : {}),
        mode: steps === undefined ? ("script" as const) : ("interactive" as const),
        from: { recordingId, ...(version ? { version } : {}), ...(steps ? { steps } : {}) },
      };
      // The same run may be wanted twice: only a repeated click is the same request.
      return recorder.start(input, `${keyFor(input)}-${Math.floor(Date.now() / 5000)}`);
    },
    onSuccess: ({ sessionId }) =>
      void navigate({ to: "/record/$sessionId", params: { sessionId } }),
    onError: (error) => notifyError("The recording was not run", error),
  });
}
