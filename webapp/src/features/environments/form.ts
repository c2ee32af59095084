import { ApiError } from "@/lib/api";
import type { Environment, EnvironmentSettings, SecretRef } from "@/lib/environments-api";

/** A row of a list that is typed: its id stays while it is edited. */
export interface Row<T> {
  id: number;
  value: T;
}
export interface HeaderLine {
  name: string;
  value: string;
}

/** An environment while it is typed. */
export interface Draft {
  name: string;
  title: string;
  baseUrl: string;
  secrets: Row<SecretRef>[];
  headers: Row<HeaderLine>[];
  loginProfile: string;
  writable: boolean;
  ignoreHttpsErrors: boolean;
  allowedHosts: string;
  note: string;
}

let rows = 0;

/** A row with an id of its own. */
export function row<T>(value: T): Row<T> {
  rows += 1;
  return { id: rows, value };
}

/** What a form begins with. */
export function draftOf(environment?: Environment): Draft {
  return {
    name: environment?.name ?? "",
    title: environment?.title ?? "",
    baseUrl: environment?.baseUrl ?? "",
    secrets: (environment?.secrets ?? []).map(row),
    headers: Object.entries(environment?.headers ?? {})
      .sort()
      .map(([name, value]) => row({ name, value })),
    loginProfile: environment?.loginProfile ?? "",
    writable: environment?.writable ?? false,
    ignoreHttpsErrors: environment?.ignoreHttpsErrors ?? false,
    allowedHosts: (environment?.allowedHosts ?? []).join("\n"),
    note: environment?.note ?? "",
  };
}

/** What the draft says; rows that are empty say nothing. */
export function settingsIn(draft: Draft): EnvironmentSettings {
  const secrets = filledSecrets(draft);
  const headers = draft.headers
    .map(({ value }) => [value.name.trim(), value.value.trim()] as const)
    .filter(([name, value]) => name || value);
  const text = (value: string) => value.trim() || undefined;
  return {
    baseUrl: draft.baseUrl.trim(),
    title: text(draft.title),
    secrets,
    headers: Object.fromEntries(headers),
    loginProfile: text(draft.loginProfile),
    writable: draft.writable || undefined,
    ignoreHttpsErrors: draft.ignoreHttpsErrors || undefined,
    allowedHosts: draft.allowedHosts.split(/[\s,]+/).filter(Boolean),
    note: text(draft.note),
  };
}

function filledSecrets({ secrets }: Draft): SecretRef[] {
  return secrets
    .map(({ value }) => ({ name: value.name.trim(), ref: value.ref.trim() }))
    .filter(({ name, ref }) => name || ref);
}

/** What the server says is wrong with a part of the draft, in one line. */
export function faultOf(error: unknown, part: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const said = (error.problem.errors ?? []).filter(
    ({ path }) => path === part || path.startsWith(`${part}/`),
  );
  return (
    said
      .map(({ path, message }) => {
        const [index, ...rest] = path.slice(part.length + 1).split("/");
        const where = /^\d+$/.test(index ?? "") ? [Number(index) + 1, ...rest] : [index, ...rest];
        return index ? `${where.join(" ")}: ${message}` : message;
      })
      .join("; ") || undefined
  );
}
