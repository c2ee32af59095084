import { useQuery } from "@tanstack/react-query";
import { keys } from "@/features/live/keys";
import { artifactText } from "@/lib/recorder-api";
import { type FilmFrame, readFilm } from "./film";

/** A file of the recording, read; null when it has none of that name. */
export function useFile<T>(id: string, name: string, read: (text: string) => T, wanted = true) {
  return useQuery({
    queryKey: keys.recordingFile(id, name),
    queryFn: async ({ signal }) => {
      const text = await artifactText(id, name, signal);
      return text === null ? null : read(text);
    },
    enabled: wanted,
    // A recording that is made still gets its files.
    staleTime: 30_000,
    structuralSharing: false,
  });
}

const none: FilmFrame[] = [];

export function useFilm(id: string, wanted: boolean): FilmFrame[] {
  const film = useFile(id, "film/index.json", readFilm, wanted);
  return film.data ?? none;
}
