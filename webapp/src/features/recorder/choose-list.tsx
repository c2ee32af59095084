import { clsx } from "clsx";
import { Check } from "lucide-react";
import { Fragment, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { toCanvas } from "@/lib/geometry";
import type { Size } from "@/lib/recording";
import type { Choose } from "./protocol";

/** The list of a native select, which the picture of the page does not show. */
export function ChooseList({
  choose,
  scale,
  room,
  driving,
  onAnswer: send,
}: {
  choose: Choose;
  scale: number;
  room: Size;
  driving: boolean;
  /** Says whether the answer was sent. */
  onAnswer: (values: string[] | null) => boolean;
}) {
  const { options, multiple = false } = choose;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState(() => values(options.filter((o) => o.selected)));
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      options.findIndex((o) => o.selected && !o.disabled),
    ),
  );
  useEffect(() => list.current?.focus({ preventScroll: true }), []);
  // Once: an answer takes the focus away, which alone would dismiss the list.
  const answered = useRef(false);
  const onAnswer = (values: string[] | null) => {
    if (!driving || answered.current) return;
    answered.current = true;
    answered.current = send(values);
  };

  const pick = (index: number) => {
    const option = options[index];
    if (!driving || !option || option.disabled) return;
    setActive(index);
    if (!multiple) return onAnswer([option.value]);
    setChosen((have) =>
      have.includes(option.value)
        ? have.filter((value) => value !== option.value)
        : [...have, option.value],
    );
  };
  const press = (event: KeyboardEvent) => {
    const to = target(event.key, active, options);
    if (to !== null) setActive(to);
    else if (event.key === "Escape") onAnswer(null);
    else if (event.key === " " || (event.key === "Enter" && !multiple)) pick(active);
    else if (event.key === "Enter") onAnswer(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const place = toCanvas(choose.box ?? { x: 8, y: 8, width: 240, height: 0 }, scale, room);
  const below = room.height - place.y - place.height;
  const up = below < 180 && place.y > below;
  return (
    <section
      aria-label="The page's list"
      className="absolute z-10 flex min-w-44 flex-col rounded-md border border-line-strong bg-panel shadow-pop"
      style={{
        left: Math.max(0, Math.min(place.x, room.width - 180)),
        width: Math.max(place.width, 176),
        ...(up
          ? { bottom: room.height - place.y + 2, maxHeight: place.y }
          : { top: place.y + place.height + 2, maxHeight: Math.max(below, 160) }),
      }}
    >
      <div
        ref={list}
        role="listbox"
        aria-label="Options"
        aria-multiselectable={multiple}
        aria-activedescendant={`${id}-${active}`}
        tabIndex={0}
        onKeyDown={press}
        onBlur={(event) => {
          const inside = event.currentTarget.parentElement?.contains(event.relatedTarget);
          if (!inside && driving && event.relatedTarget) onAnswer(null);
        }}
        className="scroll-thin min-h-0 overflow-y-auto p-1 text-sm outline-none"
      >
        {options.map((option, i) => {
          const selected = chosen.includes(option.value);
          const group =
            option.group && option.group !== options[i - 1]?.group ? option.group : null;
          return (
            <Fragment key={i}>
              {group && (
                <div role="presentation" className="px-2 pt-1.5 text-xs font-semibold text-ink-3">
                  {group}
                </div>
              )}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the list moves through its options */}
              <div
                id={`${id}-${i}`}
                role="option"
                tabIndex={-1}
                aria-selected={selected}
                aria-disabled={option.disabled}
                ref={i === active ? (e) => e?.scrollIntoView?.({ block: "nearest" }) : undefined}
                onClick={() => pick(i)}
                className={clsx(
                  "flex items-center gap-2 rounded-sm px-2 py-1",
                  i === active && "bg-select",
                  option.disabled ? "text-ink-3" : "cursor-pointer hover:bg-well",
                )}
              >
                <Check
                  aria-hidden="true"
                  className={clsx("size-3.5 shrink-0", !selected && "invisible")}
                />
                <span className="min-w-0 truncate">{option.label}</span>
              </div>
            </Fragment>
          );
        })}
      </div>
      {multiple && (
        <div className="flex justify-end gap-1.5 border-t border-line p-1.5">
          <Button size="sm" onClick={() => onAnswer(null)}>
            Cancel
          </Button>
          <Button size="sm" look="primary" onClick={() => onAnswer(chosen)}>
            Choose {chosen.length}
          </Button>
        </div>
      )}
    </section>
  );
}

type Option = Choose["options"][number];

function values(options: Option[]): string[] {
  return options.map((option) => option.value);
}

/** Where a key leads in the list; null when it leads nowhere. */
export function target(key: string, at: number, options: Option[]): number | null {
  const open = options.flatMap((option, i) => (option.disabled ? [] : [i]));
  if (key === "Home") return open[0] ?? at;
  if (key === "End") return open.at(-1) ?? at;
  if (key === "ArrowDown") return open.find((i) => i > at) ?? at;
  if (key === "ArrowUp") return open.findLast((i) => i < at) ?? at;
  if (key.length !== 1 || key === " ") return null;
  const fits = (i: number) => options[i]?.label.toLowerCase().startsWith(key.toLowerCase());
  return open.find((i) => i > at && fits(i)) ?? open.find(fits) ?? null;
}
