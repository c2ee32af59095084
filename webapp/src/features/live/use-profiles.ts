import { useQuery } from "@tanstack/react-query";
import { recorder } from "@/lib/recorder-api";
import { keys } from "./keys";

/** The login profiles of a project. */
export function useProfiles(project: string | undefined) {
  return useQuery({
    queryKey: keys.profiles(project),
    queryFn: ({ signal }) => recorder.profiles(project, signal),
    staleTime: 0,
  });
}
