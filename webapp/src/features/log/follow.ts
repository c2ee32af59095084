import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { LINE } from "./line";

/** Keeps the end in sight while following; stops when the person scrolls up, resumes at the end. */
export function useFollow(
  scroller: RefObject<HTMLDivElement | null>,
  count: number,
  wanted: boolean,
  line: number | undefined,
) {
  const [following, setFollowing] = useState(wanted && line === undefined);
  const [seen, setSeen] = useState(count);
  const top = useRef(0);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || !following || count === 0) return;
    box.scrollTop = box.scrollHeight;
    top.current = box.scrollTop;
  }, [count, following, scroller]);

  const started = useRef(false);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || started.current || line === undefined || count < line) return;
    started.current = true;
    box.scrollTop = (line - 1) * LINE - box.clientHeight / 3;
  }, [line, count, scroller]);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const look = () => {
      const up = box.scrollTop < top.current - 1;
      const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - LINE;
      top.current = box.scrollTop;
      if (up && !atEnd) setFollowing(false);
      else if (atEnd && wanted) setFollowing(true);
    };
    box.addEventListener("scroll", look, { passive: true });
    return () => box.removeEventListener("scroll", look);
  }, [scroller, wanted]);

  if (following && seen !== count) setSeen(count);
  return {
    following,
    missed: following ? 0 : Math.max(0, count - seen),
    follow: () => setFollowing(true),
  };
}

/** Steps through the hits; the row of the current one is scrolled into sight. */
export function useHits(
  scroller: RefObject<HTMLDivElement | null>,
  hits: number[] | null,
  shown: number[] | null,
) {
  const [number, setNumber] = useState(0);
  const at = hits && hits.length > 0 ? Math.min(number, hits.length - 1) : -1;
  const index = hits?.[at];
  const rowOf = (line: number) => (shown ? shown.indexOf(line) : line);
  const show = (line: number | undefined) => {
    const box = scroller.current;
    const row = line === undefined ? -1 : rowOf(line);
    if (box && row >= 0) box.scrollTop = row * LINE - box.clientHeight / 3;
  };
  return {
    index,
    number: Math.max(0, at),
    go(step: number) {
      if (!hits?.length) return;
      const next = (at + step + hits.length) % hits.length;
      setNumber(next);
      show(hits[next]);
    },
  };
}
