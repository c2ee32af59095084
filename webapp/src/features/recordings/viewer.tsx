import { FileCode2, ImageOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { shares } from "@/lib/geometry";
import { artifactURL } from "@/lib/recorder-api";
import type { Step } from "@/lib/recording";
import { titleOf } from "@/lib/steps";
import type { FilmFrame } from "./film";

/** What was on screen: the step's picture with its element marked, or the film between two steps. */
export function Viewer({
  id,
  step,
  frame,
  video,
}: {
  id: string;
  step: Step | undefined;
  /** Of the film, when the scrubber is between two steps. */
  frame: FilmFrame | undefined;
  /** The video in place of pictures, at the scrubber's time. */
  video: { at: number; onTime: (ms: number) => void } | null;
}) {
  const evidence = step?.evidence;
  const name = frame ? `film/${frame.file.replace(/^film\//, "")}` : evidence?.screenshot;
  const box = frame ? undefined : evidence?.box;
  const viewport = evidence?.viewport;
  return (
    <figure className="flex min-w-0 flex-col gap-2 p-4">
      {video ? (
        <Video id={id} {...video} />
      ) : name ? (
        <div className="relative mx-auto w-fit max-w-full overflow-hidden rounded-md border border-line bg-panel">
          <Picture
            key={frame ? "film" : name}
            src={artifactURL(id, name)}
            alt={frame ? "The page at this moment" : `The page at “${step ? titleOf(step) : ""}”`}
          />
          {box && viewport && (
            <span
              aria-hidden="true"
              data-testid="box"
              className="absolute border-2 border-accent bg-accent/20 shadow-[0_0_0_9999px_rgb(20_15_5/0.1)]"
              style={shares(box, viewport)}
            />
          )}
        </div>
      ) : (
        <NoPicture>
          {step && !step.evidence
            ? "This step was written by hand: nobody has seen it yet."
            : "There is no picture of this step."}
        </NoPicture>
      )}
      {step && (
        <figcaption className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-ink-3">
          {evidence?.title && <span className="text-ink-2">{evidence.title}</span>}
          {evidence?.url && (
            <span className="min-w-0 truncate font-mono text-2xs" title={evidence.url}>
              {evidence.url}
            </span>
          )}
          {evidence?.dom && (
            <a
              href={`${artifactURL(id, evidence.dom)}?download=true`}
              download
              className="ml-auto inline-flex items-center gap-1 underline"
            >
              <FileCode2 className="size-3.5" aria-hidden="true" /> DOM snapshot
            </a>
          )}
        </figcaption>
      )}
    </figure>
  );
}

/** Further apart than this, the scrubber was moved and the video has to follow; else it leads. */
const APART_MS = 600;

function Video({ id, at, onTime }: { id: string; at: number; onTime: (ms: number) => void }) {
  const film = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = film.current;
    if (element && Math.abs(element.currentTime * 1000 - at) > APART_MS) {
      element.currentTime = at / 1000;
    }
  }, [at]);
  return (
    // biome-ignore lint/a11y/useMediaCaption: the pages are recorded without sound
    <video
      ref={film}
      controls
      preload="metadata"
      aria-label="Video of the recording"
      src={artifactURL(id, "video.webm")}
      onLoadedMetadata={(event) => {
        event.currentTarget.currentTime = at / 1000;
      }}
      onTimeUpdate={(event) => onTime(Math.round(event.currentTarget.currentTime * 1000))}
      className="mx-auto block max-h-[min(60vh,48rem)] w-full max-w-full rounded-md border border-line bg-well"
    />
  );
}

function Picture({ src, alt }: { src: string; alt: string }) {
  const [broken, setBroken] = useState<string | null>(null);
  if (broken === src) return <NoPicture>The picture is not there yet.</NoPicture>;
  return (
    <img
      src={src}
      alt={alt}
      onError={() => setBroken(src)}
      className="block max-h-[min(60vh,48rem)] max-w-full"
    />
  );
}

function NoPicture({ children }: { children: React.ReactNode }) {
  return (
    <div className="flex aspect-[16/10] w-full flex-col items-center justify-center gap-2 rounded-md border border-dashed border-line-strong p-6 text-center text-sm text-ink-2">
      <ImageOff className="size-6 text-ink-3" aria-hidden="true" />
      {children}
    </div>
  );
}
