import { type KeyboardEvent, type RefObject, useCallback, useRef, useState } from "react";

export interface Place {
  row: number;
  column: number;
}

/** A step of a key from a place, held inside the grid; null for a key that does not move. */
export function moved(key: string, mod: boolean, at: Place, rows: number, columns: number) {
  const last = { row: Math.max(0, rows - 1), column: Math.max(0, columns - 1) };
  const to = (row: number, column: number): Place => ({
    row: Math.min(last.row, Math.max(0, row)),
    column: Math.min(last.column, Math.max(0, column)),
  });
  switch (key) {
    case "ArrowLeft":
      return to(at.row, at.column - 1);
    case "ArrowRight":
      return to(at.row, at.column + 1);
    case "ArrowUp":
      return to(at.row - 1, at.column);
    case "ArrowDown":
      return to(at.row + 1, at.column);
    case "Home":
      return to(mod ? 0 : at.row, 0);
    case "End":
      return to(mod ? last.row : at.row, last.column);
    case "PageUp":
      return to(at.row - 10, at.column);
    case "PageDown":
      return to(at.row + 10, at.column);
    default:
      return null;
  }
}

/**
 * The one cell of a grid that Tab leads to, and the keys that move it. The active cell must always be
 * drawn: the focus waits for it to be.
 */
export function useGridKeys(
  grid: RefObject<HTMLElement | null>,
  { rows, columns, first }: { rows: number; columns: number; first: Place | undefined },
) {
  const [place, setPlace] = useState<Place>(first ?? { row: 0, column: 0 });
  const wanted = useRef(false);
  const active = {
    row: Math.min(place.row, Math.max(0, rows - 1)),
    column: Math.min(place.column, Math.max(0, columns - 1)),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.shiftKey) return;
    const next = moved(event.key, event.ctrlKey || event.metaKey, active, rows, columns);
    if (!next) return;
    event.preventDefault();
    wanted.current = true;
    setPlace(next);
  };
  /** Called once the active cell is drawn; moves the focus there when a key asked for it. */
  const settle = useCallback(() => {
    if (!wanted.current) return;
    wanted.current = false;
    const cell = grid.current?.querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]');
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [grid]);
  return { active, activate: setPlace, onKeyDown, settle };
}
