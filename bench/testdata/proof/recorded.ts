import recordings from "./recordings.json";

/** The annotation of tests that are played against an application's recording. */
export function recorded(app: keyof typeof recordings) {
  return { annotation: { type: "recording", description: recordings[app] } };
}
