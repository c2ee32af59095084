import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { ArchiveRestore, FileX, History, Radio } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { isFinal } from "@/components/status";
import { Button, buttonClass } from "@/components/ui/button";
import { keys } from "@/features/live/keys";
import { useRecording } from "@/features/live/use-recording";
import { frameAt, offsetOf, stepAt } from "@/features/recordings/film";
import { RecordingHead } from "@/features/recordings/recording-head";
import { Scrubber } from "@/features/recordings/scrubber";
import {
  type RecordingSearch,
  type RecordingTab,
  recordingTabs,
} from "@/features/recordings/search";
import { StepsView } from "@/features/recordings/steps-view";
import { type Editor, useEditor } from "@/features/recordings/use-editor";
import { useFilm } from "@/features/recordings/use-files";
import { api, type Job, unwrap } from "@/lib/api";
import { patient } from "@/lib/patient";
import { recorder } from "@/lib/recorder-api";
import type { Recording } from "@/lib/recording";
import { useShortcuts } from "@/lib/shortcuts";

const route = getRouteApi("/recordings/$recordingId");

// Only the steps come with the page; every other part when somebody looks at it.
const NetworkView = lazy(patient(() => import("@/features/recordings/network-view")));
const ConsoleView = lazy(patient(() => import("@/features/recordings/console-view")));
const VariablesView = lazy(patient(() => import("@/features/recordings/variables-view")));
const VersionsView = lazy(patient(() => import("@/features/recordings/versions-view")));
const RecordingTests = lazy(patient(() => import("@/features/suites/recording-tests")));
const ArtifactsView = lazy(
  patient(() =>
    import("@/features/job/artifacts-view").then((all) => ({ default: all.ArtifactsView })),
  ),
);

const tabNames: Record<RecordingTab, string> = {
  steps: "Steps",
  network: "Network",
  console: "Console",
  variables: "Variables",
  versions: "Versions",
  artifacts: "Artefacts",
  tests: "Tests",
};

export function RecordingRoute() {
  const { recordingId } = route.useParams();
  return <RecordingPage key={recordingId} id={recordingId} />;
}

function RecordingPage({ id }: { id: string }) {
  const { v } = route.useSearch();
  const { job, recording: latest, error, retry, put } = useRecording(id);
  const past = useQuery({
    queryKey: keys.recordingVersion(id, v ?? 0),
    queryFn: ({ signal }) => recorder.get(id, v, signal),
    enabled: v !== undefined && latest !== undefined && v !== latest?.version,
    // A past version never changes.
    gcTime: 300_000,
    placeholderData: (before) => before,
  });
  useEffect(() => {
    document.title = `${latest?.name || "Recording"} · Tapedeck`;
  }, [latest?.name]);

  if (error && !latest) return <Fault page error={error} retry={retry} />;
  if (latest === undefined) {
    return (
      <p role="status" className="p-6 text-sm text-ink-3">
        Reading the recording…
      </p>
    );
  }
  if (latest === null) return <NoRecording job={job} />;
  if (past.isError) return <Fault page error={past.error} retry={() => void past.refetch()} />;
  const old = v !== undefined && v !== latest.version;
  if (old && !past.data) return <p className="p-6 text-sm text-ink-3">Reading version {v}…</p>;
  return (
    <Loaded
      latest={latest}
      recording={old && past.data ? contentOf(past.data, latest) : latest}
      old={old}
      live={latest.status === "recording" && job != null && !isFinal(job.status)}
      put={put}
    />
  );
}

/** What edits change, as it was; how the recording went is no matter of the version. */
function contentOf({ name, folder, steps, variables, version }: Recording, latest: Recording) {
  return { ...latest, name, folder, steps, variables, version };
}

function Loaded({
  latest,
  recording,
  old,
  live,
  put,
}: {
  latest: Recording;
  recording: Recording;
  old: boolean;
  live: boolean;
  put: (next: Recording) => void;
}) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const id = latest.recordingId;
  const editor = useEditor(latest, put, Boolean(old || latest.removed));
  const film = useFilm(id, true);
  const hasVideo = useHasVideo(id);
  const [video, setVideo] = useState(false);
  const tab = search.tab ?? "steps";
  const change = useCallback(
    (next: RecordingSearch, replace = true) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace }),
    [navigate],
  );
  useShortcuts(
    recordingTabs.map((name, i) => ({
      keys: String(i + 1),
      label: tabNames[name],
      group: "This page" as const,
      run: () => change({ tab: name === "steps" ? undefined : name }, false),
    })),
  );
  const { steps } = recording;
  const chosen = steps.find((step) => step.id === search.step);
  const selected = chosen ?? steps[0];
  const between = search.t !== undefined;
  const at = search.t ?? (selected ? offsetOf(selected) : 0);
  const find = search.find ?? "";
  const onTime = (t: number) => change({ t, step: stepAt(steps, t)?.id ?? steps[0]?.id });
  return (
    <>
      <RecordingHead recording={recording} editor={editor} />
      <Banners latest={latest} recording={recording} old={old} live={live} put={put} />
      {(tab === "steps" || tab === "network") &&
        (film.length > 0 || steps.some((s) => s.evidence)) && (
          <Scrubber
            id={id}
            frames={film}
            steps={steps}
            durationMs={recording.durationMs}
            at={at}
            selected={selected}
            onTime={onTime}
            onStep={(step) => change({ step: step.id, t: undefined })}
            video={hasVideo ? video : undefined}
            onVideo={setVideo}
          />
        )}
      <nav
        aria-label="Parts of the recording"
        className="flex shrink-0 gap-1 overflow-x-auto border-b border-line px-4 pt-1 md:px-6"
      >
        {recordingTabs.map((name) => (
          <Link
            key={name}
            from="/recordings/$recordingId"
            to="."
            search={(before) => ({
              ...before,
              find: undefined,
              tab: name === "steps" ? undefined : name,
            })}
            aria-current={tab === name ? "page" : undefined}
            className={clsx(
              "border-b-2 px-2.5 py-1.5 text-sm",
              tab === name
                ? "border-accent font-semibold"
                : "border-transparent text-ink-2 hover:text-ink",
            )}
          >
            {tabNames[name]}
          </Link>
        ))}
      </nav>
      {tab === "steps" && (
        <StepsView
          recording={recording}
          selected={selected}
          chosen={chosen !== undefined}
          frame={between ? frameAt(film, at) : undefined}
          video={video && hasVideo ? { at, onTime } : null}
          editor={editor}
          onSelect={(step) => change({ step: step.id, t: undefined })}
        />
      )}
      <Suspense fallback={<p className="p-6 text-sm text-ink-3">Loading…</p>}>
        {tab === "network" && (
          <NetworkView
            id={id}
            step={chosen}
            find={find}
            open={search.entry}
            onFind={(text) => change({ find: text || undefined })}
            onOpen={(entry) => change({ entry })}
          />
        )}
        {tab === "console" && (
          <ConsoleView id={id} find={find} onFind={(text) => change({ find: text || undefined })} />
        )}
        {tab === "variables" && <VariablesView recording={recording} editor={editor} />}
        {tab === "versions" && (
          <VersionsView
            id={id}
            latest={latest.version}
            shown={recording.version}
            editor={{ ...editor, readOnly: Boolean(latest.removed) || live }}
          />
        )}
        {tab === "artifacts" && <ArtifactsView jobId={id} />}
        {tab === "tests" && <RecordingTests recordingId={id} project={latest.project} />}
      </Suspense>
    </>
  );
}

/** Asks what files there are, but only tells whether there is a video among them. */
function useHasVideo(id: string): boolean {
  const list = useQuery({
    queryKey: keys.artifacts(id),
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/jobs/{jobId}/artifacts", { params: { path: { jobId: id } }, signal })),
    gcTime: 0,
    retry: false,
  });
  return list.data?.items.some((file) => file.name === "video.webm") ?? false;
}

function Banners({
  latest,
  recording,
  old,
  live,
  put,
}: {
  latest: Recording;
  recording: Recording;
  old: boolean;
  live: boolean;
  put: (next: Recording) => void;
}) {
  const editor: Editor = useEditor(latest, put, false);
  const id = latest.recordingId;
  return (
    <>
      {latest.removed && (
        <Banner icon={<FileX />}>
          This recording was removed from the library. Its tape and its files are still here.
          <Button size="sm" disabled={editor.busy} onClick={() => editor.edit({ op: "restore" })}>
            <ArchiveRestore aria-hidden="true" /> Restore it
          </Button>
        </Banner>
      )}
      {old && (
        <Banner icon={<History />}>
          You look at version {recording.version} of {latest.version}. It cannot be changed.
          <Link
            from="/recordings/$recordingId"
            to="."
            search={(before) => ({ ...before, v: undefined })}
            className={buttonClass("plain", "sm")}
          >
            Back to the latest
          </Link>
          {!latest.removed && !live && (
            <Button
              size="sm"
              disabled={editor.busy}
              onClick={() => editor.edit({ op: "restoreVersion", version: recording.version })}
            >
              Restore this version
            </Button>
          )}
        </Banner>
      )}
      {live && (
        <Banner icon={<Radio />}>
          It is being recorded right now.
          <Link
            to="/record/$sessionId"
            params={{ sessionId: id }}
            className={buttonClass("plain", "sm")}
          >
            Go to the session
          </Link>
        </Banner>
      )}
      {latest.reason && latest.status === "failed" && (
        <Banner icon={<FileX />}>It ended early: {latest.reason}</Banner>
      )}
      {latest.notes?.map((note) => (
        <Banner key={note}>{note}</Banner>
      ))}
    </>
  );
}

function Banner({ icon, children }: { icon?: React.ReactNode; children: React.ReactNode }) {
  return (
    <div
      role="status"
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-t border-warn/40 bg-warn/10 px-4 py-1.5 text-sm md:px-6 [&>svg]:size-4"
    >
      {icon}
      {children}
    </div>
  );
}

function NoRecording({ job }: { job: Job | null | undefined }) {
  const waits = job && !isFinal(job.status);
  return (
    <Notice
      page
      icon={<FileX />}
      title={waits ? "It has not begun yet" : "There is no such recording"}
      actions={
        <>
          {waits && (
            <Link
              to="/record/$sessionId"
              params={{ sessionId: job.jobId }}
              className={buttonClass("primary")}
            >
              Go to the session
            </Link>
          )}
          <Link to="/recordings" className={buttonClass()}>
            All recordings
          </Link>
        </>
      }
    />
  );
}
