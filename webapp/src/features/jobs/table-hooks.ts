import { useNavigate } from "@tanstack/react-router";
import {
  type MouseEvent,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import type { Job } from "@/lib/api";
import { useShortcuts } from "@/lib/shortcuts";
import { ROW } from "./row";

/**
 * Opens the job of a clicked link without loading the page anew. One handler for the table: a router
 * link in every row is what scrolling would spend its time on.
 */
export function useOpenJob() {
  const navigate = useNavigate();
  return (event: MouseEvent<HTMLElement>) => {
    const { target, button, metaKey, ctrlKey, shiftKey, altKey } = event;
    const link = target instanceof Element ? target.closest("a") : null;
    if (!link || button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return;
    const jobId = link.closest("tr")?.dataset.job;
    if (!jobId) return;
    event.preventDefault();
    void navigate({ to: "/jobs/$jobId", params: { jobId } });
  };
}

/** Keeps the first row in sight where it is while rows enter above it, and counts those. */
export function useAnchor(scroller: RefObject<HTMLDivElement | null>, jobs: Job[]) {
  const before = useRef<Job[]>(jobs);
  // Kept by the scroll listener: reading it from the element here would force a layout each frame.
  const top = useRef(0);
  const [arrived, setArrived] = useState(0);

  useLayoutEffect(() => {
    const box = scroller.current;
    const old = before.current;
    before.current = jobs;
    if (!box || old === jobs) return;
    if (top.current < ROW / 2) return;
    const was = Math.floor(top.current / ROW);
    const anchor = old[was];
    if (!anchor) return;
    const is = indexNear(jobs, anchor.jobId, was);
    if (is <= was) return;
    top.current += (is - was) * ROW;
    box.scrollTop = top.current;
    setArrived((n) => n + is - was);
  }, [jobs, scroller]);

  useEffect(() => {
    const box = scroller.current;
    const look = () => {
      top.current = box?.scrollTop ?? 0;
      if (top.current < ROW / 2) setArrived(0);
    };
    box?.addEventListener("scroll", look, { passive: true });
    return () => box?.removeEventListener("scroll", look);
  }, [scroller]);

  return { arrived, toTop: () => scroller.current?.scrollTo({ top: 0 }) };
}

/** Where a job is, looked for near where it was; -1 when it is gone. */
function indexNear(jobs: Job[], id: string, near: number): number {
  for (let i = near; i < Math.min(jobs.length, near + 2000); i++) {
    if (jobs[i]?.jobId === id) return i;
  }
  for (let i = near - 1; i >= 0; i--) if (jobs[i]?.jobId === id) return i;
  return -1;
}

/** j and k move through the rows, x selects, Enter on the focused link opens. */
export function useRowKeys(
  scroller: RefObject<HTMLDivElement | null>,
  jobs: Job[],
  onToggle: (index: number, range: boolean) => void,
): number | null {
  const [active, setActive] = useState<number | null>(null);
  const move = (step: number) => {
    const next = Math.min(jobs.length - 1, Math.max(0, (active ?? -1) + step));
    if (jobs.length === 0) return;
    setActive(next);
    const box = scroller.current;
    if (!box) return;
    const top = next * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW * 3 > box.scrollTop + box.clientHeight) {
      box.scrollTop = top + ROW * 3 - box.clientHeight;
    }
    const focus = () => {
      const link = box.querySelector<HTMLElement>(`tr[data-row="${next}"] a`);
      link?.focus({ preventScroll: true });
      return link !== null;
    };
    // A row that was out of sight exists from the next frame on.
    if (!focus()) requestAnimationFrame(focus);
  };
  useShortcuts([
    { keys: "j", label: "Next job", group: "This page", run: () => move(1) },
    { keys: "k", label: "Previous job", group: "This page", run: () => move(-1) },
    {
      keys: "x",
      label: "Select the job",
      group: "This page",
      run: () => active !== null && onToggle(active, false),
    },
  ]);
  return active;
}
