import { Link } from "@tanstack/react-router";
import {
  ChevronRight,
  EllipsisVertical,
  ExternalLink,
  FileJson,
  FlaskConical,
  FolderInput,
  Pencil,
  Redo2,
  RotateCw,
  Trash2,
  Undo2,
} from "lucide-react";
import { type ReactNode, Suspense, useState } from "react";
import { RecordingMark } from "@/components/steps";
import { Ago } from "@/components/time";
import { Button } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu";
import { exportURL, recorder } from "@/lib/recorder-api";
import type { Recording } from "@/lib/recording";
import { useShortcuts } from "@/lib/shortcuts";
import { duration } from "@/lib/time";
import { useTrace } from "@/lib/trace";
import { MoveDialog, RenameDialog, VerifyDialog } from "./dialogs-lazy";
import { useRunAgain } from "./run";
import type { Editor } from "./use-editor";

/** What the recording is, and what can be done with the whole of it. */
export function RecordingHead({ recording, editor }: { recording: Recording; editor: Editor }) {
  const { name, folder = "" } = recording;
  const [dialog, setDialog] = useState<"rename" | "move" | "verify" | null>(null);
  useShortcuts([
    { keys: "mod+z", label: "Undo", group: "This page", run: () => editor.edit({ op: "undo" }) },
    {
      keys: "mod+shift+z",
      label: "Redo",
      group: "This page",
      run: () => editor.edit({ op: "redo" }),
    },
    {
      keys: "",
      label: "Rename the recording",
      group: "This page",
      run: () => !editor.readOnly && setDialog("rename"),
    },
  ]);
  return (
    <header className="flex shrink-0 flex-col gap-2 px-4 pt-3 pb-3 md:px-6">
      <Breadcrumb folder={folder} />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">
          {name || "Unnamed"}
        </h1>
        <RecordingMark status={recording.status} className="text-base" />
        <Actions recording={recording} editor={editor} openDialog={setDialog} />
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 text-sm">
        <Fact name="Steps">
          <span className="num">{recording.steps.length}</span>
        </Fact>
        {recording.durationMs ? (
          <Fact name="Took">
            <span className="num">{duration(recording.durationMs)}</span>
          </Fact>
        ) : null}
        {recording.viewport?.width ? (
          <Fact name="Screen">
            <span className="num">
              {recording.viewport.width} × {recording.viewport.height}
            </span>
          </Fact>
        ) : null}
        <Fact name="Begins at">
          <span title={recording.url}>{recording.url.replace(/^https?:\/\//, "")}</span>
        </Fact>
        {recording.createdAt && (
          <Fact name="Recorded">
            <Ago time={recording.createdAt} />
          </Fact>
        )}
        <Fact name="Version">
          <span className="num">{recording.version}</span>
        </Fact>
        {recording.masked && Object.keys(recording.masked).length > 0 && (
          <Fact name="Masked">{maskedText(recording.masked)}</Fact>
        )}
      </dl>
      <Suspense>
        {dialog === "rename" && (
          <RenameDialog
            name={name}
            onClose={() => setDialog(null)}
            onRename={(next) => editor.edit({ op: "rename", name: next })}
          />
        )}
        {dialog === "verify" && (
          <VerifyDialog recording={recording} onClose={() => setDialog(null)} />
        )}
        {dialog === "move" && (
          <MoveDialog
            folder={folder}
            folders={[]}
            onClose={() => setDialog(null)}
            onMove={(next) => editor.edit({ op: "folder", folder: next })}
          />
        )}
      </Suspense>
    </header>
  );
}

function Breadcrumb({ folder }: { folder: string }) {
  return (
    <nav
      aria-label="Breadcrumb"
      className="flex min-w-0 flex-wrap items-center gap-1 text-sm text-ink-3"
    >
      <Link to="/recordings" className="hover:text-ink hover:underline">
        Recordings
      </Link>
      {folder
        .split("/")
        .filter(Boolean)
        .map((part, i, all) => (
          <span key={all.slice(0, i + 1).join("/")} className="flex min-w-0 items-center gap-1">
            <ChevronRight className="size-3.5 shrink-0" aria-hidden="true" />
            <Link
              to="/recordings"
              search={{ folder: all.slice(0, i + 1).join("/") }}
              className="truncate hover:text-ink hover:underline"
            >
              {part}
            </Link>
          </span>
        ))}
    </nav>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex max-w-80 min-w-0 gap-1.5">
      <dt className="shrink-0 text-ink-3">{name}</dt>
      <dd className="min-w-0 truncate">{children}</dd>
    </div>
  );
}

function maskedText(masked: Record<string, number>): string {
  return Object.entries(masked)
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(", ");
}

function Actions({
  recording,
  editor,
  openDialog,
}: {
  recording: Recording;
  editor: Editor;
  openDialog: (dialog: "rename" | "move" | "verify") => void;
}) {
  const { recordingId: id, name } = recording;
  const again = useRunAgain();
  const trace = useTrace(() => recorder.trace(id));
  return (
    <div className="ml-auto flex flex-wrap gap-2">
      {!editor.readOnly && (
        <span className="flex gap-1">
          <Button
            size="icon"
            disabled={!recording.canUndo || editor.busy}
            onClick={() => editor.edit({ op: "undo" })}
            aria-label="Undo"
            title="Undo"
          >
            <Undo2 aria-hidden="true" />
          </Button>
          <Button
            size="icon"
            disabled={!recording.canRedo || editor.busy}
            onClick={() => editor.edit({ op: "redo" })}
            aria-label="Redo"
            title="Redo"
          >
            <Redo2 aria-hidden="true" />
          </Button>
        </span>
      )}
      <Button disabled={trace.isPending} onClick={() => trace.mutate()}>
        <ExternalLink aria-hidden="true" /> Open trace
      </Button>
      <Button disabled={recording.status === "recording"} onClick={() => openDialog("verify")}>
        <FlaskConical aria-hidden="true" /> Verify tests…
      </Button>
      <Button
        look="primary"
        disabled={again.isPending || recording.steps.length === 0}
        onClick={() => again.mutate(runOf(recording))}
      >
        <RotateCw aria-hidden="true" /> Run again
      </Button>
      <Menu
        label="More actions"
        icon={EllipsisVertical}
        entries={[
          ...(editor.readOnly
            ? []
            : [
                { label: "Rename…", icon: Pencil, run: () => openDialog("rename") },
                { label: "Move…", icon: FolderInput, run: () => openDialog("move") },
                null,
              ]),
          {
            label: "recording.json",
            icon: FileJson,
            href: exportURL(id, "document", recording.version),
            download: `${name || id}.recording.json`,
          },
          {
            label: "For Chrome’s recorder",
            icon: FileJson,
            href: exportURL(id, "chrome", recording.version),
            download: `${name || id}.chrome.json`,
          },
          ...(editor.readOnly
            ? []
            : [
                null,
                {
                  label: "Remove",
                  icon: Trash2,
                  danger: true,
                  run: () => editor.edit({ op: "remove" }),
                },
              ]),
        ]}
      />
    </div>
  );
}

export function runOf(recording: Recording) {
  const { recordingId, url, name, project, viewport, version } = recording;
  return { recordingId, url, name, project, viewport, version };
}
