import { getRouteApi, Link } from "@tanstack/react-router";
import { PartyPopper, RotateCw } from "lucide-react";
import { Suspense, useMemo, useState } from "react";
import { Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { Button, buttonClass } from "@/components/ui/button";
import { BulkDialog } from "@/features/jobs/bulk";
import { JobsView } from "@/features/jobs/jobs-view";
import type { JobsSearch } from "@/features/jobs/search";

const route = getRouteApi("/dead");

/** Jobs that used up their attempts. Nothing happens to them until a person retries or leaves them. */
export function DeadPage() {
  const given = route.useSearch();
  const navigate = route.useNavigate();
  const [retrying, setRetrying] = useState(false);
  const search: JobsSearch = useMemo(
    () => ({ sort: "-updatedAt", ...given, status: ["dead"] }),
    [given],
  );
  return (
    <>
      <PageHead
        title="Dead letters"
        actions={
          <Button onClick={() => setRetrying(true)}>
            <RotateCw aria-hidden="true" /> Retry all that match…
          </Button>
        }
      >
        <p className="text-sm text-ink-2">Every attempt was used up. A retry starts them afresh.</p>
      </PageHead>
      <JobsView
        search={search}
        change={(next) =>
          void navigate({ search: (old) => ({ ...old, ...next, status: undefined }) })
        }
        fixed={["status"]}
        empty={
          <Notice
            icon={<PartyPopper />}
            title="No dead letters"
            actions={
              <Link to="/jobs" className={buttonClass()}>
                All jobs
              </Link>
            }
          >
            A job lands here when its last attempt fails.
          </Notice>
        }
      />
      {retrying && (
        <Suspense>
          <BulkDialog
            action="retry"
            selection={{ all: true }}
            search={search}
            onClose={() => setRetrying(false)}
          />
        </Suspense>
      )}
    </>
  );
}
