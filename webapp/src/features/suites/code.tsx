import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { patient } from "@/lib/patient";
import type { Piece } from "./highlight";

const load = patient(() => import("./highlight"));

/** Code with numbered lines: plain at first; TypeScript has its colours as soon as they are loaded. */
export function Code({ code, label, plainly }: { code: string; label: string; plainly?: boolean }) {
  const colours = useQuery({
    queryKey: ["suites", "highlight", code],
    queryFn: async () => (await load()).highlight(code),
    enabled: !plainly,
    gcTime: 0,
    structuralSharing: false,
  });
  const lines = colours.data ?? plain(code);
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
      tabIndex={0}
      aria-label={label}
      className="scroll-thin overflow-x-auto py-3"
    >
      <pre className="w-max min-w-full font-mono text-xs leading-5">
        <code className="[counter-reset:line]">
          {lines.map((line, i) => (
            <span
              key={i}
              className={clsx(
                "block pr-4 [counter-increment:line] hover:bg-well",
                "before:mr-4 before:inline-block before:w-12 before:text-right before:text-ink-3 before:select-none before:content-[counter(line)]",
              )}
            >
              {line.map(({ text, look }, j) =>
                look ? (
                  <span key={j} className={look}>
                    {text}
                  </span>
                ) : (
                  text
                ),
              )}
              {"\n"}
            </span>
          ))}
        </code>
      </pre>
    </section>
  );
}

function plain(code: string): Piece[][] {
  return code
    .replace(/\n$/, "")
    .split("\n")
    .map((text) => [{ text, look: "" }]);
}
