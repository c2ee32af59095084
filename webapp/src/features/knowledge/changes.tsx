import { useQuery } from "@tanstack/react-query";
import { DiffView } from "@/components/diff-view";
import { Fault } from "@/components/fault";
import { Dialog, DialogBody } from "@/components/ui/dialog";
import { knowledge } from "@/lib/knowledge-api";
import { keys } from "./keys";

/** What a version changed in the text of the one before it. */
export default function Changes({
  documentId,
  from,
  to,
  onClose,
}: {
  documentId: string;
  from: number;
  to: number;
  onClose: () => void;
}) {
  const query = useQuery({
    queryKey: keys.textChange(documentId, from, to),
    queryFn: async ({ signal }) => {
      const [before, after] = await Promise.all([
        knowledge.text(documentId, from, signal),
        knowledge.text(documentId, to, signal),
      ]);
      return { before, after };
    },
  });
  return (
    <Dialog open wide onClose={onClose} title={`Version ${from} to ${to}`}>
      <DialogBody>
        {query.isError && <Fault error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && <p role="status">Loading both texts…</p>}
        {query.data && (
          <div className="mb-3">
            <DiffView {...query.data} />
          </div>
        )}
      </DialogBody>
    </Dialog>
  );
}
