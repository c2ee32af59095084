import { looks } from "./marks";
import { type CellState, faultStates, type Matrix, runStates } from "./matrix";

/** What the shapes mean: those of runs, and those of faults once there are any. */
export function Legend({ matrix }: { matrix: Matrix }) {
  const faults = matrix.columns.some((column) => column.mutant);
  return (
    <div className="flex flex-col gap-1 text-xs text-ink-2">
      <Line name="Runs" states={[...runStates, "pending"]} />
      {faults && <Line name="Faults" states={faultStates} />}
    </div>
  );
}

function Line({ name, states }: { name: string; states: readonly CellState[] }) {
  return (
    <dl className="flex flex-wrap gap-x-4 gap-y-1" aria-label={`Legend of ${name.toLowerCase()}`}>
      {states.map((state) => {
        const { label, hint, icon: Icon, colour } = looks[state];
        return (
          <div key={state} className="flex items-center gap-1" title={hint}>
            <dt style={{ color: colour }}>
              {Icon && <Icon aria-hidden="true" className="size-3.5" />}
              <span className="sr-only">{label}</span>
            </dt>
            <dd>
              <span aria-hidden="true">{label}</span>
              <span className="sr-only">{hint}</span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
