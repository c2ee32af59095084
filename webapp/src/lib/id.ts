/**
 * The end of a job's id, for a place that has no room for all of it. It is the whole last group of a
 * UUID, because that is a word which the search finds; the last eight digits are none.
 */
export function shortId(jobId: string): string {
  return jobId.slice(-12);
}
