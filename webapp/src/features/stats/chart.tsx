import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { useStored } from "@/lib/hooks";
import "uplot/dist/uPlot.min.css";

export interface Series {
  name: string;
  /** A CSS variable. */
  colour: string;
  dash?: number[];
  values: number[];
}

/** Lines over time. The same figures stand in a table beside it: a canvas says nothing to a reader. */
export default function Chart({
  times,
  series,
  theme,
  label,
}: {
  /** Seconds since 1970. */
  times: number[];
  series: Series[];
  theme: "light" | "dark";
  label: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = series.map((s) => `${s.name} ${s.colour}`).join();
  const data = [times, ...series.map((s) => s.values)] as uPlot.AlignedData;
  const latest = useStored(data);

  // biome-ignore lint/correctness/useExhaustiveDependencies: shape stands for the series
  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const style = getComputedStyle(host);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--ink-3"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "11px 'Plex Sans', sans-serif",
    };
    const made = new uPlot(
      {
        width: host.clientWidth,
        height: 220,
        legend: { show: false },
        cursor: { y: false, points: { size: 7 } },
        padding: [8, 8, 0, 0],
        axes: [
          { ...axis, size: 28, values: clockAxis() },
          { ...axis, size: 44, incrs: wholeSteps },
        ],
        scales: { y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] } },
        series: [
          {},
          ...series.map((s) => ({
            label: s.name,
            stroke: colour(s.colour),
            width: 1.75,
            dash: s.dash,
            points: { show: false },
          })),
        ],
      },
      latest.current,
      host,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => {
      made.setSize({ width: host.clientWidth, height: 220 });
    });
    watch.observe(host);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme]);

  useEffect(() => {
    plot.current?.setData(data);
  });

  return <div ref={box} role="img" aria-label={label} className="w-full" />;
}

/** Jobs come whole. */
const wholeSteps = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((n) => n * 10 ** power),
).flat();

function clockAxis(): uPlot.Axis.Values {
  const format = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return (_plot, splits) => splits.map((second) => format.format(second * 1000));
}
