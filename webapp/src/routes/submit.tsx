import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useSearch } from "@tanstack/react-router";
import { PackageOpen } from "lucide-react";
import { Fault, Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { Select } from "@/components/ui/field";
import { SubmitForm } from "@/features/submit/submit-form";
import { api, type Kind, unwrap } from "@/lib/api";
import { kindsQuery } from "@/lib/queries";

const route = getRouteApi("/submit");

export function SubmitPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { project } = useSearch({ strict: false });
  const kinds = useQuery(kindsQuery);
  const like = useQuery({
    queryKey: ["like", search.from],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/jobs/{jobId}", { params: { path: { jobId: search.from ?? "" } }, signal }),
      ),
    enabled: search.from !== undefined,
  });
  const kind = kinds.data?.items.find((k) => k.kind === search.kind) ?? kinds.data?.items[0];

  return (
    <div className="scroll-thin relative min-h-0 grow overflow-y-auto">
      <PageHead title="Submit a job">
        {kind && kinds.data && (
          <KindPicker
            kinds={kinds.data.items}
            kind={kind}
            onPick={(name) => void navigate({ search: (old) => ({ ...old, kind: name }) })}
          />
        )}
      </PageHead>
      <div className="max-w-5xl px-4 pb-10 md:px-6">
        {kinds.isPending && <p className="text-sm text-ink-3">Reading the kinds…</p>}
        {kinds.isError && <Fault error={kinds.error} retry={() => void kinds.refetch()} />}
        {like.isError && <Fault error={like.error} retry={() => void like.refetch()} />}
        {kinds.data?.items.length === 0 && (
          <Notice icon={<PackageOpen />} title="No kind of job is known">
            A worker brings them with it. Start one, and its kinds can be submitted here.
          </Notice>
        )}
        {kind && !(search.from && like.isPending) && !like.isError && (
          <>
            {kind.description && <p className="mb-6 text-sm text-ink-2">{kind.description}</p>}
            <SubmitForm
              key={`${kind.kind} ${search.from ?? ""}`}
              kind={kind}
              like={like.data?.kind === kind.kind ? like.data : undefined}
              project={project}
            />
          </>
        )}
      </div>
    </div>
  );
}

function KindPicker({
  kinds,
  kind,
  onPick,
}: {
  kinds: Kind[];
  kind: Kind;
  onPick: (name: string) => void;
}) {
  return (
    <Select
      aria-label="Kind of job"
      value={kind.kind}
      onChange={(event) => onPick(event.target.value)}
      className="max-w-full"
    >
      {kinds.map((each) => (
        <option key={each.kind} value={each.kind}>
          {each.kind} – {each.title}
        </option>
      ))}
    </Select>
  );
}
