import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { clsx } from "clsx";
import { type MouseEvent, memo, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { useMedia } from "@/lib/hooks";
import { looks } from "./marks";
import type { CellState, Column, Group, Matrix } from "./matrix";
import { cellKey, findCell } from "./matrix";
import { type Place, useGridKeys } from "./use-grid-keys";
import { cellName, placeOf, titleOf } from "./words";

const ROW = 32;
const CELL = 26;
const GAP = 10;
/** Columns that are drawn together. */
const BLOCK = 8;
/** Room for an operator's name that runs upwards. */
const HEAD = 148;
const LOW_HEAD = 32;

/**
 * Tests by runs and faults. Only what can be seen is drawn, and the active cell; where a cell is
 * follows from its column and row alone.
 */
export function Grid({
  matrix,
  open,
  onOpen,
}: {
  matrix: Matrix;
  /** The key of the cell whose evidence is shown. */
  open: string | undefined;
  onOpen: (key: string) => void;
}) {
  const { rows, columns, groups } = matrix;
  const scroller = useRef<HTMLDivElement>(null);
  const names = useMedia("(min-width: 48rem)") ? 248 : 132;
  const lefts = useMemo(() => leftsOf(matrix), [matrix]);
  const head = groups.some(isUpright) ? HEAD : LOW_HEAD;
  const first = useMemo(() => placeOfKey(matrix, open), [matrix, open]);
  const { active, activate, onKeyDown, settle } = useGridKeys(scroller, {
    rows: rows.length,
    columns: columns.length,
    first,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: Math.ceil(columns.length / BLOCK),
    getScrollElement: () => scroller.current,
    estimateSize: (block) => (lefts[endOf(block, columns)] ?? 0) - (lefts[block * BLOCK] ?? 0),
    paddingStart: names + GAP,
    overscan: 1,
    rangeExtractor: (range) => withActive(range, Math.floor(active.column / BLOCK)),
  });
  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    paddingStart: head,
    overscan: 4,
    rangeExtractor: (range) => withActive(range, active.row),
  });
  // Sizes follow from the groups, which a filter or new faults change.
  // biome-ignore lint/correctness/useExhaustiveDependencies: lefts stands for the sizes
  useLayoutEffect(() => across.measure(), [across, lefts, names]);
  useEffect(settle);
  // Evidence that opens beside the grid leaves less room: its cell stays in sight.
  useEffect(() => {
    if (!open) return;
    const cell = scroller.current?.querySelector(`[data-cell="${CSS.escape(open)}"]`);
    cell?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [open]);

  const drawn = across.getVirtualItems();
  const openAt = (target: EventTarget | null) => {
    const cell = (target as HTMLElement | null)?.closest<HTMLElement>("[data-cell]");
    if (!cell?.dataset.cell) return;
    activate({ row: Number(cell.dataset.row), column: Number(cell.dataset.column) });
    onOpen(cell.dataset.cell);
  };
  const visible = groups.filter(
    ({ from, size }) =>
      from + size > (drawn[0]?.index ?? 0) * BLOCK &&
      from < endOf(drawn.at(-1)?.index ?? 0, columns),
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot be drawn in parts in both directions
    <div
      ref={scroller}
      role="grid"
      aria-label="Runs and faults by test"
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1}
      className="scroll-thin relative max-h-[min(40rem,70vh)] overflow-auto rounded-md border border-line bg-panel"
      style={{ scrollPadding: `${head + 4}px 8px 4px ${names + 4}px` }}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          openAt(event.target);
        } else onKeyDown(event);
      }}
      onClick={(event: MouseEvent) => openAt(event.target)}
    >
      <div
        className="relative min-w-full"
        style={{ width: across.getTotalSize() + 8, height: down.getTotalSize() }}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: part of the grid above */}
        <div
          role="row"
          aria-rowindex={1}
          tabIndex={-1}
          className="sticky top-0 z-20 border-b border-line bg-ground"
          style={{ height: head }}
        >
          <ColumnHead
            label="Test"
            index={1}
            className="sticky left-0 z-10 flex h-full items-end bg-ground px-3 pb-1.5"
            style={{ width: names }}
          />
          {visible.map((group) => (
            <GroupHead
              key={group.name}
              group={group}
              left={names + (lefts[group.from] ?? 0)}
              inset={names + 6}
            />
          ))}
        </div>
        {down.getVirtualItems().map(({ index: r, start }) => {
          const test = rows[r];
          if (!test) return null;
          return (
            // biome-ignore lint/a11y/useSemanticElements: part of the grid above
            <div
              key={test.id}
              role="row"
              aria-rowindex={r + 2}
              tabIndex={-1}
              className="absolute left-0 w-full border-b border-line last:border-b-0"
              style={{ top: start, height: ROW }}
            >
              {/* biome-ignore lint/a11y/useSemanticElements: part of the grid above */}
              <div
                role="rowheader"
                aria-colindex={1}
                tabIndex={-1}
                title={`${titleOf(test)}\n${placeOf(test)}`}
                className="sticky left-0 z-10 flex h-full items-center border-r border-line bg-panel px-3 text-sm"
                style={{ width: names }}
              >
                <span className="truncate">{titleOf(test)}</span>
              </div>
              {drawn.map(({ index: block }) => (
                <Block
                  key={block}
                  matrix={matrix}
                  row={r}
                  from={block * BLOCK}
                  lefts={lefts}
                  names={names}
                  active={r === active.row ? active.column : -1}
                  open={open?.startsWith(cellKey(test.id, "")) ? open : undefined}
                />
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Where each column begins, and where the last one ends; groups stand apart. */
function leftsOf({ columns, groups }: Matrix): number[] {
  const starts = new Set(groups.map((group) => group.from));
  let left = 0;
  const lefts = columns.map((_, i) => {
    if (starts.has(i)) left += GAP;
    left += CELL;
    return left - CELL;
  });
  return [...lefts, left];
}

function endOf(block: number, columns: Column[]): number {
  return Math.min(columns.length, (block + 1) * BLOCK);
}

function withActive(range: Range, active: number): number[] {
  const list = defaultRangeExtractor(range);
  if (active >= range.count || list.includes(active)) return list;
  return [...list, active].sort((a, b) => a - b);
}

function placeOfKey(matrix: Matrix, key: string | undefined): Place | undefined {
  const found = findCell(matrix, key);
  return (
    found && { row: matrix.rows.indexOf(found.test), column: matrix.columns.indexOf(found.column) }
  );
}

/** Whether a group's name is longer than its columns are wide. */
function isUpright({ name, size }: Group): boolean {
  return name.length * 7 > size * CELL;
}

function ColumnHead({
  label,
  index,
  span,
  className,
  style,
  upright = false,
  inset,
}: {
  label: string;
  index: number;
  span?: number;
  className: string;
  style: React.CSSProperties;
  upright?: boolean;
  /** Where a name stays while its columns scroll away beneath the tests' names. */
  inset?: number;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of the grid above
    <div
      role="columnheader"
      aria-colindex={index}
      aria-colspan={span}
      tabIndex={-1}
      title={label}
      className={clsx("text-xs text-ink-2", className)}
      style={style}
    >
      <span
        className={upright ? "rotate-180 [writing-mode:vertical-rl]" : "sticky"}
        style={upright ? undefined : { left: inset }}
      >
        {label}
      </span>
    </div>
  );
}

function GroupHead({ group, left, inset }: { group: Group; left: number; inset: number }) {
  return (
    <ColumnHead
      label={group.name}
      index={group.from + 2}
      span={group.size}
      upright={isUpright(group)}
      inset={inset}
      className="absolute bottom-0 flex h-full items-end overflow-clip border-l border-line pb-1.5 pl-1 whitespace-nowrap"
      style={{ left, width: group.size * CELL }}
    />
  );
}

/** Some cells of a row that stand together: what is drawn already costs nothing while one scrolls. */
const Block = memo(function Block({
  matrix,
  row,
  from,
  lefts,
  names,
  active,
  open,
}: {
  matrix: Matrix;
  row: number;
  from: number;
  lefts: number[];
  names: number;
  /** The active column, when it is in this row. */
  active: number;
  open: string | undefined;
}) {
  const test = matrix.rows[row];
  return (
    test &&
    matrix.columns.slice(from, from + BLOCK).map((column, i) => {
      const cell = matrix.cell(test, column);
      const key = cellKey(test.id, column.id);
      return (
        <GridCell
          key={column.id}
          state={cell.state}
          name={cellName(column, cell)}
          cell={key}
          row={row}
          column={from + i}
          left={names + (lefts[from + i] ?? 0)}
          active={from + i === active}
          open={key === open}
        />
      );
    })
  );
});

const GridCell = memo(function GridCell({
  state,
  name,
  cell,
  row,
  column,
  left,
  active,
  open,
}: {
  state: CellState;
  name: string;
  cell: string;
  row: number;
  column: number;
  left: number;
  active: boolean;
  open: boolean;
}) {
  const { icon: Icon, colour } = looks[state];
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of the grid above
    <div
      role="gridcell"
      aria-colindex={column + 2}
      aria-label={name}
      aria-selected={open}
      tabIndex={active ? 0 : -1}
      title={name}
      data-cell={cell}
      data-row={row}
      data-column={column}
      data-state={state}
      className={clsx(
        "absolute top-0.5 bottom-0.5 flex cursor-pointer items-center justify-center rounded-sm hover:brightness-95 dark:hover:brightness-125",
        open && "ring-2 ring-focus",
      )}
      style={{
        left,
        width: CELL - 2,
        color: colour,
        background: Icon ? `color-mix(in oklab, ${colour} 14%, transparent)` : undefined,
      }}
    >
      {Icon && <Icon aria-hidden="true" className="size-4" />}
    </div>
  );
});
