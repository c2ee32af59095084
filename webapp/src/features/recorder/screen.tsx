import { clsx } from "clsx";
import { MousePointerClick } from "lucide-react";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { type Fit, fit, toCanvas } from "@/lib/geometry";
import { useStored } from "@/lib/hooks";
import type { Box, Size } from "@/lib/recording";
import { ChooseList } from "./choose-list";
import { leaveKeys } from "./input";
import { KeyCatcher } from "./key-catcher";
import { canvasEasel, Painter } from "./painter";
import type { Stage, StageSnapshot } from "./stage";
import { usePointer } from "./use-pointer";

/**
 * The page that is recorded: its picture, as large as fits, with everything that the picture cannot
 * show laid over it. The pointer goes to the page over the canvas, keys once the page has the focus.
 */
export function Screen({
  stage,
  snapshot,
  driving,
  picking,
  onLeave,
}: {
  stage: Stage;
  snapshot: StageSnapshot;
  driving: boolean;
  picking: boolean;
  onLeave: () => void;
}) {
  const { view, status } = snapshot;
  const room = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const keyboard = useRef<HTMLTextAreaElement>(null);
  const [viewport, setViewport] = useState<Size | null>(null);
  const shown = viewport ?? view.hello?.viewport ?? { width: 1280, height: 800 };
  const place = useFit(room, shown);
  const painting = usePainter(stage, canvas, place, setViewport);
  const mobile = view.hello?.viewport.mobile ?? false;
  usePointer({ stage, canvas, keyboard, viewport: shown, driving, mobile });

  const page = view.state?.pages.find((each) => each.page === view.state?.active);
  const mark = picking ? (view.picked?.box ?? view.highlight?.box) : null;
  return (
    <div ref={room} className="relative min-h-0 min-w-0 grow overflow-hidden bg-well">
      <div
        className={clsx(
          "group absolute shadow-pop",
          "has-[textarea:focus]:outline-3 has-[textarea:focus]:outline-offset-2 has-[textarea:focus]:outline-focus",
        )}
        style={{ left: place.x, top: place.y, width: place.width, height: place.height }}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Live picture of ${page?.title || page?.url || "the page"}`}
          data-testid="stage"
          width={place.pixels.width}
          height={place.pixels.height}
          className={clsx(
            "block size-full touch-none bg-panel select-none",
            status !== "live" && "opacity-50 grayscale",
          )}
          style={{ cursor: picking ? "crosshair" : driving ? view.cursor : "not-allowed" }}
        />
        <KeyCatcher ref={keyboard} stage={stage} driving={driving} onLeave={onLeave} />
        {mark && (
          <Mark box={toCanvas(mark, place.scale, place)} label={markLabel(snapshot)} room={place} />
        )}
        {view.choose && (
          <ChooseList
            key={view.choose.id}
            choose={view.choose}
            scale={place.scale}
            room={place}
            driving={driving}
            onAnswer={(values) => {
              const id = view.choose?.id ?? "";
              const sent = stage.answer({ op: "choose", id, values });
              if (sent) keyboard.current?.focus({ preventScroll: true });
              return sent;
            }}
          />
        )}
      </div>
      {!painting && status === "live" && (
        <p role="status" className="absolute inset-x-0 top-1/2 text-center text-sm text-ink-2">
          Waiting for the first picture…
        </p>
      )}
      {driving && <KeyHint picking={picking} />}
    </div>
  );
}

function markLabel({ view }: StageSnapshot): string {
  return view.picked ? view.picked.label : (view.highlight?.label ?? "");
}

function KeyHint({ picking }: { picking: boolean }) {
  return (
    <p
      id="stage-keys"
      className="pointer-events-none absolute bottom-1.5 left-1/2 flex max-w-full -translate-x-1/2 items-center gap-1.5 whitespace-nowrap rounded-full border border-line bg-panel/95 px-3 py-0.5 text-2xs text-ink-2 max-md:hidden"
    >
      {picking ? (
        <>
          <MousePointerClick className="size-3.5" aria-hidden="true" /> Click what the assertion is
          about
        </>
      ) : (
        <>Keys go to the page once it has the focus. {leaveKeys} leaves it.</>
      )}
    </p>
  );
}

function Mark({ box, label, room }: { box: Box; label: string; room: Size }) {
  return (
    <div
      data-testid="highlight"
      className="pointer-events-none absolute border-2 border-focus bg-focus/15"
      style={{ left: box.x, top: box.y, width: box.width, height: box.height }}
    >
      {label && (
        <span
          className={clsx(
            "absolute max-w-80 truncate bg-focus px-1.5 py-0.5 font-mono text-2xs text-ground",
            box.y > 22 ? "bottom-full" : "top-full",
            box.x + box.width / 2 > room.width / 2 ? "right-[-2px]" : "left-[-2px]",
          )}
        >
          {label}
        </span>
      )}
    </div>
  );
}

/** Follows the room and the screen's pixel ratio, which changes with the browser's zoom. */
function useFit(room: RefObject<HTMLDivElement | null>, viewport: Size): Fit {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [ratio, setRatio] = useState(() => window.devicePixelRatio);
  useEffect(() => {
    const element = room.current;
    if (!element) return;
    const measure = () => {
      setSize({ width: element.clientWidth - 2 * EDGE, height: element.clientHeight - 2 * EDGE });
      setRatio(window.devicePixelRatio);
    };
    measure();
    const watcher = typeof ResizeObserver === "function" ? new ResizeObserver(measure) : null;
    watcher?.observe(element);
    window.addEventListener("resize", measure);
    return () => {
      watcher?.disconnect();
      window.removeEventListener("resize", measure);
    };
  }, [room]);
  const at = fit(size, viewport, ratio);
  return { ...at, x: at.x + EDGE, y: at.y + EDGE };
}

/** Room around the page, so that its focus ring is seen whole. */
const EDGE = 8;

/** Paints what comes; says whether anything has been painted yet. */
function usePainter(
  stage: Stage,
  canvas: RefObject<HTMLCanvasElement | null>,
  place: Fit,
  onViewport: (viewport: Size) => void,
): boolean {
  const painter = useRef<Painter | null>(null);
  const [painting, setPainting] = useState(false);
  const latest = useStored(onViewport);
  useEffect(() => {
    if (!canvas.current) return;
    let width = 0;
    let height = 0;
    const made = new Painter(
      canvasEasel(canvas.current),
      (frame) => stage.send({ op: "ack", frame }),
      (viewport) => {
        setPainting(true);
        if (viewport.width === width && viewport.height === height) return;
        ({ width, height } = viewport);
        latest.current(viewport);
      },
    );
    painter.current = made;
    const off = stage.paintWith((frame) => made.take(frame));
    return () => {
      off();
      made.close();
    };
  }, [stage, canvas, latest]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a canvas that was resized is empty
  useLayoutEffect(() => painter.current?.repaint(), [place.pixels.width, place.pixels.height]);
  return painting;
}
