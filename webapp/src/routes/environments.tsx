import { getRouteApi } from "@tanstack/react-router";
import { Plus, Server } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { Button } from "@/components/ui/button";
import { EnvironmentList } from "@/features/environments/list";
import { useEnvironments } from "@/features/environments/use-environments";
import type { Environment } from "@/lib/environments-api";
import { patient } from "@/lib/patient";
import { useShortcuts } from "@/lib/shortcuts";

const route = getRouteApi("/environments");
const EditDialog = lazy(patient(() => import("@/features/environments/edit")));

const DEFAULT_PROJECT = "default";

export function EnvironmentsPage() {
  const { project } = route.useSearch();
  const [editing, setEditing] = useState<Environment | "new" | null>(null);
  const { data, isError, error, refetch } = useEnvironments(project);
  useShortcuts([
    { keys: "a", label: "Add an environment", group: "This page", run: () => setEditing("new") },
  ]);
  const add = (
    <Button look="primary" onClick={() => setEditing("new")}>
      <Plus aria-hidden="true" /> Add an environment
    </Button>
  );
  return (
    <div className="scroll-thin relative min-h-0 grow overflow-y-auto">
      <PageHead title="Environments" actions={data && data.length > 0 && add} />
      <div className="px-4 pb-10 md:px-6">
        {isError && !data && <Fault error={error} retry={() => void refetch()} />}
        {!isError && !data && <p className="py-16 text-center text-ink-3">Loading environments…</p>}
        {data?.length === 0 && (
          <Notice icon={<Server />} title="No environments yet" actions={add}>
            An environment is a place that tests are run against: staging, a preview, the live site.
            It says where that is, what is needed to be let in, and whether tests may write there.
          </Notice>
        )}
        {data && data.length > 0 && (
          <EnvironmentList list={data} withProject={!project} edit={setEditing} />
        )}
      </div>
      {editing && (
        <Suspense>
          <EditDialog
            environment={editing === "new" ? undefined : editing}
            project={editing === "new" ? (project ?? DEFAULT_PROJECT) : editing.project}
            onClose={() => setEditing(null)}
          />
        </Suspense>
      )}
    </div>
  );
}
