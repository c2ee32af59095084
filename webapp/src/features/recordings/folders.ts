import type { RecordingItem } from "@/lib/recording";

export interface Folder {
  path: string;
  count: number;
}

/** The server's folders, else those of what is loaded; each with all that lies in it or below. */
export function foldersOf(
  items: RecordingItem[],
  told: { name: string; count: number }[] | undefined,
): Folder[] {
  const counts = new Map<string, number>();
  const add = (folder: string, count: number) => {
    const parts = folder.split("/").filter(Boolean);
    for (let i = 1; i <= parts.length; i++) {
      const path = parts.slice(0, i).join("/");
      counts.set(path, (counts.get(path) ?? 0) + count);
    }
  };
  if (told) for (const { name, count } of told) add(name, count);
  else for (const { folder } of items) add(folder ?? "", 1);
  return [...counts]
    .map(([path, count]) => ({ path, count }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
