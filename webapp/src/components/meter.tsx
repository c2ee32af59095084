import { clsx } from "clsx";

/** A share of a whole as a bar; the figure stands beside it in text. */
export function Meter({
  part,
  whole,
  className,
}: {
  part: number;
  whole: number;
  className?: string;
}) {
  const share = whole > 0 ? Math.min(1, part / whole) : 0;
  return (
    <span aria-hidden="true" className="block h-1.5 w-full overflow-hidden rounded-full bg-line">
      <span
        className={clsx(
          "block h-full origin-left rounded-full transition-transform",
          className ?? "bg-ink-2",
        )}
        style={{ transform: `scaleX(${share})` }}
      />
    </span>
  );
}
