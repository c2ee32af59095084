import { Link } from "@tanstack/react-router";
import {
  Clapperboard,
  EllipsisVertical,
  FileJson,
  FolderInput,
  Image as ImageIcon,
  Pencil,
  Radio,
  RotateCw,
  Trash2,
} from "lucide-react";
import { Suspense, useState } from "react";
import { RecordingMark } from "@/components/steps";
import { Ago } from "@/components/time";
import { Menu } from "@/components/ui/menu";
import { absolute, exportURL } from "@/lib/recorder-api";
import type { RecordingItem } from "@/lib/recording";
import { duration } from "@/lib/time";
import { MoveDialog, RenameDialog } from "./dialogs-lazy";
import type { Folder } from "./folders";
import { useRunAgain } from "./run";
import { useItemEdit } from "./use-library";

/** One recording of the library. */
export function Card({ item, folders }: { item: RecordingItem; folders: Folder[] }) {
  const live = item.status === "recording";
  return (
    <li
      data-recording={item.recordingId}
      className="group relative flex flex-col overflow-hidden rounded-lg border border-line bg-panel focus-within:border-line-strong hover:border-line-strong"
    >
      <Thumbnail item={item} />
      <div className="flex min-w-0 grow flex-col gap-1 p-3">
        <div className="flex items-start gap-1">
          <h2 className="min-w-0 grow text-sm font-semibold break-words">
            <Link
              to={live ? "/record/$sessionId" : "/recordings/$recordingId"}
              params={{ sessionId: item.recordingId, recordingId: item.recordingId }}
              className="line-clamp-2 after:absolute after:inset-0"
            >
              {item.name || "Unnamed"}
            </Link>
          </h2>
          <CardMenu item={item} folders={folders} />
        </div>
        <p className="truncate text-xs text-ink-3" title={item.url}>
          {item.folder && <span className="text-ink-2">{item.folder} · </span>}
          {item.url.replace(/^https?:\/\//, "")}
        </p>
        <p className="num mt-auto flex flex-wrap items-center gap-x-2.5 gap-y-0.5 pt-1 text-xs text-ink-2">
          <RecordingMark status={item.status} />
          <span>{item.steps === 1 ? "1 step" : `${item.steps} steps`}</span>
          {item.durationMs !== undefined && item.durationMs > 0 && (
            <span>{duration(item.durationMs)}</span>
          )}
          <span className="ml-auto text-ink-3">
            <Ago time={item.updatedAt} />
          </span>
        </p>
      </div>
    </li>
  );
}

function Thumbnail({ item }: { item: RecordingItem }) {
  const [broken, setBroken] = useState(false);
  const live = item.status === "recording";
  return (
    <div className="relative aspect-[16/10] border-b border-line bg-well">
      {item.thumbnailUrl && !broken ? (
        <img
          src={absolute(item.thumbnailUrl)}
          alt=""
          loading="lazy"
          onError={() => setBroken(true)}
          className="size-full object-cover object-top"
        />
      ) : (
        <span className="flex size-full items-center justify-center text-ink-3">
          {live ? <Clapperboard aria-hidden="true" /> : <ImageIcon aria-hidden="true" />}
        </span>
      )}
      {live && (
        <span className="absolute top-2 left-2 flex items-center gap-1.5 rounded-full bg-ink px-2 py-0.5 text-xs font-medium text-ground">
          <Radio className="size-3.5" aria-hidden="true" /> Live
        </span>
      )}
    </div>
  );
}

function CardMenu({ item, folders }: { item: RecordingItem; folders: Folder[] }) {
  const [dialog, setDialog] = useState<"rename" | "move" | null>(null);
  const edit = useItemEdit();
  const again = useRunAgain();
  const { recordingId: id, name, folder = "" } = item;
  return (
    <span className="relative z-10 -mt-1 -mr-1.5">
      <Menu
        label={`Actions of ${name}`}
        icon={EllipsisVertical}
        look="quiet"
        entries={[
          { label: "Rename…", icon: Pencil, run: () => setDialog("rename") },
          { label: "Move…", icon: FolderInput, run: () => setDialog("move") },
          {
            label: "Run again",
            icon: RotateCw,
            disabled: item.steps === 0,
            run: () =>
              again.mutate({ recordingId: id, url: item.url, name, project: item.project }),
          },
          {
            label: "recording.json",
            icon: FileJson,
            href: exportURL(id, "document"),
            download: `${name || id}.recording.json`,
          },
          null,
          {
            label: "Remove",
            icon: Trash2,
            danger: true,
            run: () =>
              void edit(item, { op: "remove" }, { op: "restore" }, `“${name}” was removed`),
          },
        ]}
      />
      <Suspense>
        {dialog === "rename" && (
          <RenameDialog
            name={name}
            onClose={() => setDialog(null)}
            onRename={(next) =>
              void edit(
                item,
                { op: "rename", name: next },
                { op: "rename", name },
                `Renamed to “${next}”`,
              )
            }
          />
        )}
        {dialog === "move" && (
          <MoveDialog
            folder={folder}
            folders={folders.map(({ path }) => path)}
            onClose={() => setDialog(null)}
            onMove={(next) =>
              void edit(
                item,
                { op: "folder", folder: next },
                { op: "folder", folder },
                next ? `Moved to ${next}` : "Moved to the top",
              )
            }
          />
        )}
      </Suspense>
    </span>
  );
}
