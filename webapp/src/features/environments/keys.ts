/** The keys of environments in the query cache; no other feature asks for them. */
export const keys = {
  all: ["environments"] as const,
  lists: ["environments", "list"] as const,
  list: (project?: string) => ["environments", "list", project ?? ""] as const,
};
