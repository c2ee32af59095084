import { clsx } from "clsx";
import { memo } from "react";
import { parseAnsi, type Span } from "@/lib/ansi";
import type { LogLine } from "@/lib/api";
import { clock } from "@/lib/clock";
import { stamp } from "@/lib/time";

/** The height of a line in pixels: every line has it, so that a place in the log is a product. */
export const LINE = 20;

const marks: Record<string, string> = {
  debug: "border-transparent text-ink-3",
  info: "border-transparent",
  warn: "border-warn bg-warn/8",
  error: "border-danger bg-danger/8",
};

export const Line = memo(function Line({
  number,
  line,
  linked,
  find,
  current,
  onLine,
}: {
  number: number;
  line: LogLine | undefined;
  linked: boolean;
  find: string;
  current: boolean;
  onLine: (line: number) => void;
}) {
  return (
    <div
      className={clsx(
        "flex min-w-full border-l-2 pr-6 whitespace-pre hover:bg-well/70",
        marks[line?.level ?? "info"],
        (linked || current) && "bg-select!",
      )}
      style={{ height: LINE, lineHeight: `${LINE}px` }}
    >
      <button
        type="button"
        tabIndex={-1}
        onClick={() => onLine(number)}
        className="num w-16 shrink-0 pr-3 text-right text-ink-3 select-none hover:text-ink hover:underline"
      >
        {number}
      </button>
      {line ? (
        <>
          <time
            className="num w-20 shrink-0 text-ink-3 select-none max-sm:hidden"
            dateTime={line.time}
            title={stamp(line.time)}
          >
            {clock(line.time)}
          </time>
          {line.level && line.level !== "info" && line.level !== "debug" && (
            <span className="mr-2 shrink-0 font-semibold">{line.level}</span>
          )}
          {line.stream === "stderr" && <span className="mr-2 shrink-0 text-ink-3">stderr</span>}
          <span>
            <Text text={line.text} find={find} />
          </span>
        </>
      ) : (
        <span className="my-1.5 w-72 rounded-sm bg-well" />
      )}
    </div>
  );
});

function Text({ text, find }: { text: string; find: string }) {
  const spans = parseAnsi(text.length > 4000 ? `${text.slice(0, 4000)}…` : text);
  if (find) return <Found text={spans.map((span) => span.text).join("")} find={find} />;
  return spans.map((span, i) => <Styled key={i} span={span} />);
}

function Styled({ span }: { span: Span }) {
  const plain = !span.fg && !span.bg && !span.bold && !span.dim && !span.italic && !span.underline;
  if (plain) return span.text;
  return (
    <span
      className={clsx(
        span.bold && "font-semibold",
        span.dim && "text-ink-3",
        span.italic && "italic",
        span.underline && "underline",
      )}
      style={{ color: colour(span.fg), backgroundColor: colour(span.bg) }}
    >
      {span.text}
    </span>
  );
}

function colour(name: string | undefined): string | undefined {
  return name?.startsWith("ansi-") ? `var(--${name})` : name;
}

function Found({ text, find }: { text: string; find: string }) {
  const parts = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(find); at >= 0; at = lower.indexOf(find, from)) {
    parts.push(text.slice(from, at));
    from = at + find.length;
    parts.push(
      <mark key={at} className="bg-hit text-ink">
        {text.slice(at, from)}
      </mark>,
    );
  }
  parts.push(text.slice(from));
  return parts;
}
