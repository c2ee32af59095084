import { useMutation } from "@tanstack/react-query";
import { Lock, Pencil, PencilLine, Stethoscope, Trash2 } from "lucide-react";
import { Ago } from "@/components/time";
import { Button } from "@/components/ui/button";
import { explain } from "@/lib/api";
import { type Environment, environments } from "@/lib/environments-api";
import { Findings } from "./findings";
import { useRemoval } from "./use-environments";

/** The environments, each with what can be done with it and what the last look found. */
export function EnvironmentList({
  list,
  withProject,
  edit,
}: {
  list: Environment[];
  withProject: boolean;
  edit: (environment: Environment) => void;
}) {
  return (
    <ul aria-label="Environments" className="flex flex-col gap-3">
      {list.map((environment) => (
        <EnvironmentItem
          key={`${environment.project}/${environment.name}`}
          environment={environment}
          withProject={withProject}
          edit={() => edit(environment)}
        />
      ))}
    </ul>
  );
}

function EnvironmentItem({
  environment,
  withProject,
  edit,
}: {
  environment: Environment;
  withProject: boolean;
  edit: () => void;
}) {
  const { name, title, project, baseUrl, note } = environment;
  const check = useMutation({ mutationFn: () => environments.check(environment) });
  const removal = useRemoval();
  // What was found of other settings says nothing about these.
  const found = check.data?.version === environment.version ? check.data : undefined;
  return (
    <li className="flex flex-col gap-2 rounded-lg border border-line bg-panel p-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="min-w-0 font-semibold break-words">{title || name}</h2>
        <span className="min-w-0 truncate font-mono text-xs text-ink-3">
          {withProject ? `${project}/${name}` : name}
        </span>
        <Writing writable={environment.writable} />
        <span className="ml-auto flex flex-wrap gap-2">
          <Button size="sm" disabled={check.isPending} onClick={() => check.mutate()}>
            <Stethoscope aria-hidden="true" /> {check.isPending ? "Looking…" : "Check"}{" "}
            <span className="sr-only">{name}</span>
          </Button>
          <Button size="sm" onClick={edit}>
            <Pencil aria-hidden="true" /> Edit <span className="sr-only">{name}</span>
          </Button>
          <Button
            size="sm"
            disabled={removal.isPending}
            onClick={() => removal.mutate(environment)}
          >
            <Trash2 aria-hidden="true" /> Remove <span className="sr-only">{name}</span>
          </Button>
        </span>
      </div>
      <p className="min-w-0 font-mono text-sm break-all text-ink-2">{baseUrl}</p>
      <Facts environment={environment} />
      {note && <p className="text-sm whitespace-pre-wrap text-ink-2">{note}</p>}
      {check.isError && (
        <p role="alert" className="text-sm font-medium text-danger">
          {explain(check.error)}
        </p>
      )}
      {found && <Findings check={found} />}
    </li>
  );
}

function Writing({ writable = false }: { writable?: boolean }) {
  const Icon = writable ? PencilLine : Lock;
  return (
    <span
      className={
        writable
          ? "inline-flex items-center gap-1 rounded-sm bg-warn/12 px-1.5 text-xs font-medium text-warn"
          : "inline-flex items-center gap-1 rounded-sm bg-well px-1.5 text-xs font-medium text-ink-2"
      }
    >
      <Icon className="size-3" aria-hidden="true" />
      {writable ? "may be written to" : "read only"}
    </span>
  );
}

function Facts({ environment }: { environment: Environment }) {
  const { loginProfile, secrets, allowedHosts, ignoreHttpsErrors, updatedAt } = environment;
  const headers = Object.keys(environment.headers).sort();
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-ink-3">
      {loginProfile && <li>Login {loginProfile}</li>}
      {headers.length > 0 && <li className="break-all">Headers {headers.join(", ")}</li>}
      {secrets.length > 0 && <li>Secrets {secrets.map((s) => s.name).join(", ")}</li>}
      {allowedHosts.length > 0 && <li className="break-all">Also {allowedHosts.join(", ")}</li>}
      {ignoreHttpsErrors && <li className="text-warn">Any certificate is accepted</li>}
      <li>
        Changed <Ago time={updatedAt} />
      </li>
    </ul>
  );
}
