/** The keys of everything in the query cache: the one place where features meet. */
export const keys = {
  info: ["info"] as const,
  kinds: ["kinds"] as const,
  queues: ["queues"] as const,
  workers: ["workers"] as const,
  stats: (window: string, project?: string) => ["stats", window, project ?? ""] as const,
  lists: ["jobs"] as const,
  list: (filter: unknown) => ["jobs", filter] as const,
  job: (id: string) => ["job", id] as const,
  version: (id: string, version: number) => ["job", id, "version", version] as const,
  events: (id: string) => ["job", id, "events"] as const,
  children: (id: string) => ["job", id, "children"] as const,
  artifacts: (id: string) => ["job", id, "artifacts"] as const,
  proof: (id: string) => ["job", id, "proof"] as const,
  /** The last event of the job's proof that came over the stream. */
  proofSeen: (id: string) => ["job", id, "proof", "seen"] as const,
  /** The job that goes on with the faults of a proof. */
  restJob: (id: string, rest: string) => ["job", id, "rest", rest] as const,
  evidence: (id: string, name: string) => ["job", id, "evidence", name] as const,
  /** Where data and stream of a job join: its log's end and the cursor that it was read at. */
  join: (id: string) => ["job", id, "join"] as const,
  logHead: (id: string, attempt: number) => ["job", id, "log", attempt, "head"] as const,
  logAll: (id: string, attempt: number) => ["job", id, "log", attempt, "all"] as const,
  logPage: (id: string, attempt: number, page: number) =>
    ["job", id, "log", attempt, "page", page] as const,
  recordings: ["recordings"] as const,
  recordingList: (filter: unknown) => ["recordings", filter] as const,
  recording: (id: string) => ["recording", id] as const,
  recordingVersion: (id: string, version: number) => ["recording", id, "version", version] as const,
  recordingVersions: (id: string) => ["recording", id, "versions"] as const,
  recordingFile: (id: string, name: string) => ["recording", id, "file", name] as const,
  devices: ["devices"] as const,
  profiles: (project: string | undefined) => ["profiles", project ?? ""] as const,
  stage: (id: string) => ["stage", id] as const,
};
