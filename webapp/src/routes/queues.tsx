import { useQuery } from "@tanstack/react-query";
import { Layers, ServerOff } from "lucide-react";
import { Fault, Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { keys } from "@/features/live/keys";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { QueuesTable } from "@/features/queues/queues-table";
import { WorkersTable } from "@/features/queues/workers-table";
import { api, unwrap } from "@/lib/api";

// Heartbeats are no events: they are asked for.
const HEARTBEAT_MS = 3000;

export function QueuesPage() {
  const queues = useQuery({
    queryKey: keys.queues,
    queryFn: ({ signal }) => unwrap(api.GET("/api/queues", { signal })),
    refetchInterval: HEARTBEAT_MS,
  });
  const workers = useQuery({
    queryKey: keys.workers,
    queryFn: ({ signal }) => unwrap(api.GET("/api/workers", { signal })),
    refetchInterval: HEARTBEAT_MS,
  });
  useRefreshOnEvents([keys.queues, keys.workers], {}, 500);

  return (
    <div className="scroll-thin relative min-h-0 grow overflow-y-auto">
      <PageHead title="Queues & workers" />
      <div className="flex flex-col gap-8 px-4 pb-10 md:px-6">
        <section aria-label="Queues">
          {queues.isError && !queues.data && (
            <Fault error={queues.error} retry={() => void queues.refetch()} />
          )}
          {queues.data?.items.length === 0 && (
            <Notice icon={<Layers />} title="No queues yet">
              A queue appears with its first worker or its first job.
            </Notice>
          )}
          {queues.data && queues.data.items.length > 0 && (
            <QueuesTable queues={queues.data.items} />
          )}
        </section>
        <section>
          <h2 className="mb-3 text-lg font-semibold">Workers</h2>
          {workers.isError && !workers.data && (
            <Fault error={workers.error} retry={() => void workers.refetch()} />
          )}
          {workers.data?.items.length === 0 && (
            <Notice icon={<ServerOff />} title="No worker is alive">
              Jobs wait until one starts. `tapedeck serve` brings its own; `tapedeck worker` adds
              more.
            </Notice>
          )}
          {workers.data && workers.data.items.length > 0 && (
            <WorkersTable workers={workers.data.items} />
          )}
        </section>
      </div>
    </div>
  );
}
