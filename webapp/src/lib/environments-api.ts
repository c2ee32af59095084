import { api, unwrap } from "./api";
import type { components } from "./api.gen";

type Schemas = components["schemas"];
export type Environment = Schemas["Environment"];
export type EnvironmentSettings = Schemas["EnvironmentSettings"];
export type EnvironmentCheck = Schemas["EnvironmentCheck"];
export type Finding = Schemas["EnvironmentFinding"];
export type SecretRef = Schemas["SecretRef"];

/** Which environment: names are unique in a project. */
export type Where = Pick<Environment, "project" | "name">;

const at = ({ project, name }: Where) => ({ path: { name }, query: { project } });

/** The endpoints of environments. Secrets are references in all of them, never values. */
export const environments = {
  list: async (project: string | undefined, signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/environments", { params: { query: { project } }, signal }))).items,
  /** Creates one; it fails when the name is taken. */
  create: (where: Where, body: EnvironmentSettings) =>
    unwrap(
      api.PUT("/api/environments/{name}", {
        params: { ...at(where), header: { "If-None-Match": "*" } },
        body,
      }),
    ),
  /** Changes one as it was seen; it fails when somebody else changed it since. */
  change: (where: Where, body: EnvironmentSettings, version: number) =>
    unwrap(
      api.PUT("/api/environments/{name}", {
        params: { ...at(where), header: { "If-Match": `"${version}"` } },
        body,
      }),
    ),
  remove: (where: Where, version: number) =>
    unwrap(
      api.DELETE("/api/environments/{name}", {
        params: { ...at(where), header: { "If-Match": `"${version}"` } },
      }),
    ),
  check: (where: Where) =>
    unwrap(api.POST("/api/environments/{name}/check", { params: at(where) })),
};

/** What can be said of an environment, out of what is answered of it. */
export function settingsOf(environment: Environment): EnvironmentSettings {
  const { baseUrl, title, secrets, headers, loginProfile, note, allowedHosts } = environment;
  const { writable, ignoreHttpsErrors } = environment;
  return {
    baseUrl,
    title,
    secrets,
    headers,
    loginProfile,
    writable,
    ignoreHttpsErrors,
    allowedHosts,
    note,
  };
}
