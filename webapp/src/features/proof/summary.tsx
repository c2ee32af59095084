import { BadgeCheck, CircleDashed, CircleX } from "lucide-react";
import { integer } from "@/lib/time";
import type { Standing } from "./score";
import { placeOf, titleOf } from "./words";

/** What each test is worth, the best first. */
export function Summary({ standings }: { standings: Standing[] }) {
  return (
    <div className="scroll-thin overflow-x-auto rounded-md border border-line bg-panel">
      <table className="w-full border-separate border-spacing-0 text-sm" aria-label="Tests by rank">
        <thead>
          <tr className="[&>th]:h-8 [&>th]:border-b [&>th]:border-line [&>th]:bg-ground [&>th]:px-3 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:whitespace-nowrap [&>th]:text-ink-3">
            <th className="w-12 text-right!">Rank</th>
            <th>Test</th>
            <th className="max-md:hidden">Proof</th>
            <th className="max-md:hidden">Faults noticed</th>
            <th className="max-md:hidden">False alarms</th>
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
                <p className="font-medium wrap-anywhere">{titleOf(standing.test)}</p>
                <p className="font-mono text-xs wrap-anywhere text-ink-3">
                  {placeOf(standing.test)}
                </p>
                <ul className="mt-1 flex flex-col gap-0.5 md:hidden">
                  <li>
                    <Badge standing={standing} />
                  </li>
                  <li>Faults noticed: {noticed(standing)}</li>
                  <li>False alarms: {alarms(standing)}</li>
                </ul>
                {standing.why && (
                  <p className="mt-1 text-xs wrap-anywhere text-danger">{standing.why}</p>
                )}
              </td>
              <td className="max-md:hidden">
                <Badge standing={standing} />
              </td>
              <td className="num whitespace-nowrap max-md:hidden">{noticed(standing)}</td>
              <td className="num whitespace-nowrap max-md:hidden">{alarms(standing)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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
    <span className="whitespace-nowrap">
      <span className="inline-flex items-center gap-1.5 font-semibold" style={{ color: colour }}>
        <Icon aria-hidden="true" className="size-4" /> {word}
      </span>{" "}
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
