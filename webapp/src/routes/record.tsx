import { getRouteApi, useSearch } from "@tanstack/react-router";
import { PageHead } from "@/components/page";
import { StartForm } from "@/features/recorder/start-form";

const route = getRouteApi("/record");

export function RecordPage() {
  const { url, folder, mode } = route.useSearch();
  const { project } = useSearch({ strict: false });
  return (
    <div className="scroll-thin relative min-h-0 grow overflow-y-auto">
      <PageHead title="Record" />
      <div className="px-4 pb-10 md:px-6">
        <p className="mb-5 text-sm text-ink-2">
          A browser opens on the server and you drive it here. Each step is kept with what was seen,
          and no secret is.
        </p>
        <StartForm project={project} initial={given({ url, folder, mode })} />
      </div>
    </div>
  );
}

function given<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<T>;
}
