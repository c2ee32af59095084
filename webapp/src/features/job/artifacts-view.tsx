import { useQuery } from "@tanstack/react-query";
import { Download, FileBox } from "lucide-react";
import { Fragment, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { Ago } from "@/components/time";
import { buttonClass } from "@/components/ui/button";
import { keys } from "@/features/live/keys";
import { type Artifact, api, apiBase, unwrap } from "@/lib/api";
import { bytes } from "@/lib/time";

const PREVIEW_BYTES = 64 * 1024;

export function ArtifactsView({ jobId }: { jobId: string }) {
  const [open, setOpen] = useState<string | null>(null);
  const list = useQuery({
    queryKey: keys.artifacts(jobId),
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/jobs/{jobId}/artifacts", { params: { path: { jobId } }, signal })),
    gcTime: 0,
  });
  if (list.isError) return <Fault error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <p className="p-6 text-sm text-ink-3">Reading…</p>;
  if (list.data.items.length === 0) {
    return (
      <Notice icon={<FileBox />} title="No artefacts">
        Files that the job stores appear here as soon as they are kept.
      </Notice>
    );
  }
  return (
    <div className="scroll-thin relative min-h-0 grow overflow-auto border-t border-line bg-panel">
      <table className="w-full border-separate border-spacing-0 text-sm" aria-label="Artefacts">
        <thead>
          <tr className="[&>th]:h-8 [&>th]:border-b [&>th]:border-line [&>th]:bg-ground [&>th]:px-2 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:text-ink-3">
            <th className="pl-4! md:pl-6!">Name</th>
            <th className="text-right!">Size</th>
            <th className="max-md:hidden">Type</th>
            <th className="max-lg:hidden">SHA-256</th>
            <th className="text-right! max-sm:hidden">Attempt</th>
            <th className="text-right! max-sm:hidden">Stored</th>
            <th className="pr-4! md:pr-6!">
              <span className="sr-only">Download</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.data.items.map((artifact) => {
            const key = `${artifact.attempt}/${artifact.name}`;
            return (
              <Fragment key={key}>
                <tr className="[&>td]:h-10 [&>td]:border-b [&>td]:border-line [&>td]:px-2">
                  <td className="pl-4! md:pl-6!">
                    {previewable(artifact) ? (
                      <button
                        type="button"
                        aria-expanded={open === key}
                        onClick={() => setOpen(open === key ? null : key)}
                        className="text-left font-medium break-all underline decoration-line-strong underline-offset-3 hover:decoration-ink"
                      >
                        {artifact.name}
                      </button>
                    ) : (
                      <span className="font-medium break-all">{artifact.name}</span>
                    )}
                  </td>
                  <td className="num text-right whitespace-nowrap">{bytes(artifact.size)}</td>
                  <td className="text-ink-2 max-md:hidden">{artifact.contentType}</td>
                  <td
                    className="font-mono text-xs text-ink-2 max-lg:hidden"
                    title={artifact.sha256}
                  >
                    {artifact.sha256.slice(0, 16)}…
                  </td>
                  <td className="num text-right text-ink-2 max-sm:hidden">{artifact.attempt}</td>
                  <td className="text-right text-ink-2 max-sm:hidden">
                    <Ago time={artifact.storedAt} />
                  </td>
                  <td className="pr-4! text-right md:pr-6!">
                    <a
                      href={`${urlOf(artifact)}${artifact.url.includes("?") ? "&" : "?"}download=true`}
                      className={buttonClass("quiet", "icon")}
                      download
                    >
                      <Download aria-hidden="true" />
                      <span className="sr-only">Download {artifact.name}</span>
                    </a>
                  </td>
                </tr>
                {open === key && (
                  <tr>
                    <td colSpan={7} className="border-b border-line px-4 py-3 md:px-6">
                      <Preview artifact={artifact} />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function urlOf(artifact: Artifact): string {
  return /^https?:/.test(artifact.url) ? artifact.url : apiBase + artifact.url;
}

function isImage(artifact: Artifact): boolean {
  return /^image\/(png|jpeg|gif|webp|avif)/.test(artifact.contentType);
}

function previewable(artifact: Artifact): boolean {
  return isImage(artifact) || /^text\/|json|xml|yaml|javascript/.test(artifact.contentType);
}

function Preview({ artifact }: { artifact: Artifact }) {
  if (isImage(artifact)) {
    return (
      <img
        src={urlOf(artifact)}
        alt={artifact.name}
        className="max-h-120 max-w-full rounded-md border border-line"
      />
    );
  }
  return <TextPreview artifact={artifact} />;
}

/** The first bytes as text: never as a page, whatever the type says. */
function TextPreview({ artifact }: { artifact: Artifact }) {
  const text = useQuery({
    queryKey: ["artifact", artifact.url, artifact.sha256],
    queryFn: async ({ signal }) => {
      const answer = await fetch(urlOf(artifact), {
        signal,
        headers: artifact.size > 0 ? { range: `bytes=0-${PREVIEW_BYTES - 1}` } : {},
      });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
      return answer.text();
    },
  });
  if (text.isError) return <Fault error={text.error} retry={() => void text.refetch()} />;
  if (text.data === undefined) return <p className="text-sm text-ink-3">Reading…</p>;
  return (
    <figure>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
        tabIndex={0}
        className="scroll-thin max-h-120 overflow-auto rounded-md border border-line bg-ground p-3 font-mono text-xs"
      >
        {text.data}
      </pre>
      {artifact.size > PREVIEW_BYTES && (
        <figcaption className="mt-1 text-xs text-ink-3">
          The first {bytes(PREVIEW_BYTES)} of {bytes(artifact.size)}
        </figcaption>
      )}
    </figure>
  );
}
