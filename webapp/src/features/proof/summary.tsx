import { BadgeCheck, CircleDashed, CircleX, Wrench } from "lucide-react";
import type { Standing } from "@/lib/proof-score";
import { integer } from "@/lib/time";
import { placeOf, titleOf } from "./words";

/** What each test is worth, the best first. Beside open evidence there is room for one column only. */
export function Summary({ standings }: { standings: Standing[] }) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
      tabIndex={0}
      aria-label="Tests"
      className="scroll-thin @container max-h-80 overflow-y-auto rounded-md border border-line bg-panel"
    >
      <table className="w-full border-separate border-spacing-0 text-sm" aria-label="Tests by rank">
        <thead>
          <tr className="[&>th]:sticky [&>th]:top-0 [&>th]:z-10 [&>th]:h-8 [&>th]:border-b [&>th]:border-line [&>th]:bg-ground [&>th]:px-3 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:whitespace-nowrap [&>th]:text-ink-3">
            <th className="w-12 text-right!">Rank</th>
            <th>Test</th>
            <th className="@max-[44rem]:hidden">Proof</th>
            <th className="@max-[44rem]:hidden">Faults noticed</th>
            <th className="@max-[44rem]:hidden">False alarms</th>
          </tr>
        </thead>
        <tbody>
          {standings.map((standing, i) => (
            <tr
              key={standing.test.id}
              className="align-top [&>td]:border-b [&>td]:border-line [&>td]:px-3 [&>td]:py-2 last:[&>td]:border-b-0"
            >
              <td className="num text-right text-ink-3">{i + 1}</td>
              <td className="min-w-0">
                <p className="font-medium wrap-anywhere">
                  {titleOf(standing.test)}
                  {standing.repair && <Repaired reason={standing.repair.reason} />}
                </p>
                <p className="font-mono text-xs wrap-anywhere text-ink-3">
                  {placeOf(standing.test)}
                </p>
                <ul className="mt-1 flex flex-col gap-0.5 @min-[44rem]:hidden">
                  <li>
                    <Badge standing={standing} />
                  </li>
                  <li>Faults noticed: {noticed(standing)}</li>
                  <li>False alarms: {alarms(standing)}</li>
                </ul>
                {standing.why && (
                  <p
                    className="mt-1 line-clamp-3 text-xs wrap-anywhere text-danger"
                    title={standing.why}
                  >
                    {standing.why}
                  </p>
                )}
              </td>
              <td className="@max-[44rem]:hidden">
                <Badge standing={standing} />
              </td>
              <td className="num whitespace-nowrap @max-[44rem]:hidden">{noticed(standing)}</td>
              <td className="num whitespace-nowrap @max-[44rem]:hidden">{alarms(standing)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Repaired({ reason }: { reason: string }) {
  return (
    <span
      title={reason}
      className="ml-2 inline-flex items-center gap-1 rounded-full border border-line-strong px-2 align-middle text-xs font-medium text-ink-2"
    >
      <Wrench aria-hidden="true" className="size-3" /> repaired
    </span>
  );
}

function Badge({ standing: { proven, passed, of } }: { standing: Standing }) {
  const [Icon, word, colour] =
    proven === undefined
      ? ([CircleDashed, "Undecided", "var(--state-running)"] as const)
      : proven
        ? ([BadgeCheck, "Proven", "var(--state-succeeded)"] as const)
        : ([CircleX, "Not proven", "var(--state-failed)"] as const);
  return (
    <span className="flex items-center gap-1.5 whitespace-nowrap">
      <span className="flex items-center gap-1.5 font-semibold" style={{ color: colour }}>
        <Icon aria-hidden="true" className="size-4" /> {word}
      </span>
      <span className="num text-ink-2">
        {integer(passed)} of {integer(of)} {of === 1 ? "run" : "runs"}
      </span>
    </span>
  );
}

function noticed({ visible, killed, macro }: Standing): string {
  if (visible === 0) return "none could be seen";
  return `${integer(killed)} of ${integer(visible)} visible (macro ${Math.round(macro * 100)} %)`;
}

function alarms({ harmless, alarms: minded }: Standing): string {
  return harmless === 0 ? "not tried" : `${integer(minded)} of ${integer(harmless)}`;
}
