import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { type Environment, environments, settingsOf } from "@/lib/environments-api";
import { notify, notifyError } from "@/lib/toast";
import { keys } from "./keys";

const REFRESH_MS = 300;

/** A project's environments, read again while they are changed. */
export function useEnvironments(project: string | undefined) {
  useRefreshOnEvents(
    [keys.all],
    { kinds: ["environment"], ...(project ? { project } : {}) },
    REFRESH_MS,
  );
  return useQuery({
    queryKey: keys.list(project),
    queryFn: ({ signal }) => environments.list(project, signal),
  });
}

/** Removes an environment, and offers to bring it back as it was. */
export function useRemoval() {
  const client = useQueryClient();
  const again = () => void client.invalidateQueries({ queryKey: keys.all });
  return useMutation({
    mutationFn: (environment: Environment) => environments.remove(environment, environment.version),
    onSuccess: (_removed, environment) => {
      client.setQueriesData<Environment[]>({ queryKey: keys.lists }, (list) =>
        list?.filter((e) => e.name !== environment.name || e.project !== environment.project),
      );
      notify(`${environment.name} was removed`, "Nothing is run against it any more.", {
        label: "Undo",
        run: () =>
          void environments
            .create(environment, settingsOf(environment))
            .catch((error: unknown) => notifyError("It was not brought back", error))
            .finally(again),
      });
    },
    onError: (error, { name }) => {
      notifyError(`${name} was not removed`, error);
      again();
    },
  });
}
