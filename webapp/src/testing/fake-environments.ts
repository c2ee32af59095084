import type { Environment, EnvironmentSettings, Finding } from "@/lib/environments-api";

const at = "2026-03-01T09:00:00Z";

function refuse(status: number, code: string, detail: string): Response {
  const problem = { type: "about:blank", title: detail, detail, status, code };
  return Response.json(problem, { status });
}

/** Environments in memory. It knows no rules but the versions. */
export class FakeEnvironments {
  list: Environment[] = [];
  /** What every look finds. */
  findings: Finding[] = [{ subject: "baseUrl", level: "ok", message: "it answers 200 OK" }];

  add(name: string, change: Partial<Environment> = {}): Environment {
    const environment: Environment = {
      project: "default",
      name,
      baseUrl: `https://${name}.example`,
      secrets: [],
      headers: {},
      allowedHosts: [],
      createdAt: at,
      updatedAt: at,
      version: 1,
      ...change,
    };
    this.list = [...this.list, environment];
    return environment;
  }

  handle(request: Request, url: URL, body: unknown): Response {
    const [, , , name, part] = url.pathname.split("/");
    const project = url.searchParams.get("project");
    if (!name) {
      const items = this.list.filter((e) => !project || e.project === project);
      return Response.json({ items, cursor: "c" });
    }
    const found = this.list.find((e) => e.name === name && e.project === (project ?? "default"));
    if (request.method === "PUT") {
      return this.#put(request, name, project ?? "default", found, body as EnvironmentSettings);
    }
    if (!found) return refuse(404, "not_found", "no such environment");
    if (part === "check") {
      const ok = this.findings.every(({ level }) => level !== "error");
      const { version } = found;
      return Response.json({ project, name, version, ok, findings: this.findings });
    }
    if (request.method === "DELETE") {
      this.list = this.list.filter((e) => e !== found);
      return Response.json({ project, name, version: found.version + 1, cursor: "c" });
    }
    return Response.json(found);
  }

  #put(
    request: Request,
    name: string,
    project: string,
    found: Environment | undefined,
    settings: EnvironmentSettings,
  ): Response {
    const match = request.headers.get("If-Match");
    if (request.headers.get("If-None-Match") === "*" && found) {
      return refuse(412, "conflict", "there is an environment of this name");
    }
    if (match && match !== `"${found?.version}"`) {
      return refuse(412, "conflict", "the environment has changed since this version");
    }
    this.list = this.list.filter((e) => e !== found);
    const version = (found?.version ?? 0) + 1;
    return Response.json(this.add(name, { ...settings, project, version }), {
      status: found ? 200 : 201,
    });
  }
}
