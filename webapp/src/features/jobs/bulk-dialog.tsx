import { useMutation, useQuery } from "@tanstack/react-query";
import { Fault } from "@/components/fault";
import { StatusMark } from "@/components/status";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { api, type BulkRequest, type BulkResult, type Status, unwrap } from "@/lib/api";
import { integer } from "@/lib/time";
import { notify, notifyError } from "@/lib/toast";
import { type BulkAction, bulkActions } from "./bulk-actions";
import type { JobsSearch } from "./search";
import { asFilter, type Selection } from "./selection";

function request(action: BulkAction, selection: Selection, search: JobsSearch, dryRun: boolean) {
  const body: BulkRequest = selection.all
    ? { action, filter: asFilter(search), dryRun }
    : { action, ids: [...selection.ids], dryRun };
  return unwrap(api.POST("/api/jobs/bulk", { body }));
}

/** Shows what the server says it would do, and does it once that is confirmed. */
export default function BulkDialog({
  action,
  selection,
  search,
  onClose,
}: {
  action: BulkAction;
  selection: Selection;
  search: JobsSearch;
  onClose: (done: boolean) => void;
}) {
  const words = bulkActions[action];
  const preview = useQuery({
    queryKey: ["bulk", action, selection.all || [...selection.ids], search],
    queryFn: () => request(action, selection, search, true),
    gcTime: 0,
    staleTime: 0,
  });
  const run = useMutation({
    mutationFn: () => runAll(action, selection, search),
    onSuccess: ({ affected, skipped }) => {
      notify(
        `${integer(affected)} jobs ${words.done}`,
        skipped ? `${integer(skipped)} could not take it and were left as they are.` : undefined,
      );
      onClose(true);
    },
    onError: (error) => notifyError(`${words.label} failed`, error),
  });
  const affected = preview.data?.affected ?? 0;
  return (
    <Dialog
      open
      onClose={() => onClose(false)}
      title={`${words.label} ${preview.data ? integer(affected) : ""} jobs?`}
      description={preview.data && <Outlook preview={preview.data} />}
    >
      <DialogBody>
        {preview.isPending && <p className="py-4 text-sm text-ink-2">Asking what would happen…</p>}
        {preview.isError && <Fault error={preview.error} retry={() => void preview.refetch()} />}
        {preview.data && <Impact preview={preview.data} />}
      </DialogBody>
      <DialogActions>
        <Button onClick={() => onClose(false)}>Leave them</Button>
        <Button
          look={action === "retry" ? "primary" : "danger"}
          disabled={affected === 0 || run.isPending}
          onClick={() => run.mutate()}
        >
          {run.isPending ? `${words.doing}…` : `${words.label} ${integer(affected)} jobs`}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Outlook({ preview }: { preview: BulkResult }) {
  return (
    <p className="num">
      {integer(preview.matched)} selected{preview.truncated ? " so far, and more match" : ""}.
      Nothing has been changed yet.
    </p>
  );
}

function Impact({ preview }: { preview: BulkResult }) {
  const reasons = new Map<string, number>();
  for (const { reason } of preview.skipped) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const skipped = preview.skippedTotal ?? preview.skipped.length;
  return (
    <div className="flex flex-col gap-3 text-sm">
      <table className="w-full">
        <caption className="mb-1 text-left text-xs text-ink-3">Selected jobs by status</caption>
        <tbody>
          {Object.entries(preview.byStatus).map(([status, count]) => (
            <tr key={status} className="border-t border-line">
              <th scope="row" className="py-1 text-left font-normal">
                <StatusMark status={status as Status} />
              </th>
              <td className="num text-right">{integer(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {skipped > 0 && (
        <div>
          <p className="num">{integer(skipped)} will be left as they are:</p>
          <ul className="mt-1 list-disc pl-5 text-ink-2">
            {[...reasons].map(([reason, count]) => (
              <li key={reason} className="num">
                {reason} ({integer(count)}
                {skipped > preview.skipped.length ? " or more" : ""})
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** Sends the request again while the server says that more jobs match than one request takes. */
async function runAll(action: BulkAction, selection: Selection, search: JobsSearch) {
  let affected = 0;
  let skipped = 0;
  for (;;) {
    const part = await request(action, selection, search, false);
    affected += part.affected;
    skipped += part.skippedTotal ?? part.skipped.length;
    if (!part.truncated || part.affected === 0) return { affected, skipped };
  }
}
