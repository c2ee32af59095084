import { Button } from "@/components/ui/button";
import type { LiveState } from "@/features/live/connection";
import { useConnection, useLiveState } from "@/features/live/context";
import { clock } from "@/lib/clock";
import { useNow } from "@/lib/hooks";

const words = { live: "Live", connecting: "Connecting", reconnecting: "Not live" } as const;

/** One word and a shape: a filled dot is live, a ring is not. */
export function LiveIndicator() {
  const live = useLiveState();
  return (
    <span
      className="inline-flex items-center gap-2 text-sm text-ink-2"
      data-testid="live"
      data-status={live.status}
      title={
        live.since ? `Not live since ${clock(live.since)}` : "Every change is shown as it happens"
      }
    >
      <span
        aria-hidden="true"
        className={
          live.status === "live"
            ? "size-2 rounded-full bg-good"
            : "size-2 rounded-full border-2 border-warn"
        }
      />
      {words[live.status]}
    </span>
  );
}

/** Says across the page that what is shown may be old, since when, and when the next try comes. */
export function NotLiveBanner() {
  const live = useLiveState();
  if (live.status !== "reconnecting" || live.since === null) return null;
  return <Banner live={live} since={live.since} />;
}

function Banner({ live, since }: { live: LiveState; since: number }) {
  const connection = useConnection();
  const now = useNow(1000);
  const wait = live.retryAt === null ? 0 : Math.max(0, Math.ceil((live.retryAt - now) / 1000));
  return (
    <section
      aria-label="Connection"
      data-testid="not-live"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-warn/40 bg-warn/10 px-4 py-1.5 text-sm"
    >
      <span>
        <strong className="font-semibold">Not live since {clock(since)}.</strong> What you see may
        be out of date; it continues from where it stopped, without a gap.
      </span>
      <span className="num text-ink-2">
        {live.retryAt === null ? "Trying now…" : `Next try in ${wait} s`}
      </span>
      <Button size="sm" onClick={() => connection.retryNow()} disabled={live.retryAt === null}>
        Try now
      </Button>
    </section>
  );
}
