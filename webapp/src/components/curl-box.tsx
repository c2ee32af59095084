import { Copy } from "lucide-react";
import { Button } from "@/components/ui/button";
import { copyText } from "@/lib/clipboard";

/** What a form is about to ask, as a command for a shell. */
export function CurlBox({ text }: { text: string }) {
  return (
    <section aria-label="The same from a shell">
      <div className="mb-1 flex items-center justify-between">
        <h2 className="text-sm font-medium">The same from a shell</h2>
        <Button look="quiet" size="sm" onClick={() => void copyText(text, "Command copied")}>
          <Copy aria-hidden="true" /> Copy
        </Button>
      </div>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
        tabIndex={0}
        data-testid="curl"
        className="scroll-thin max-h-96 overflow-auto rounded-md border border-line bg-panel p-3 font-mono text-xs"
      >
        {text}
      </pre>
    </section>
  );
}
