import {
  BadgeCheck,
  Check,
  Download,
  EllipsisVertical,
  GitBranch,
  Handshake,
  Pencil,
  RotateCw,
  X,
} from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu";
import type { Job } from "@/lib/api";
import { patient } from "@/lib/patient";
import { projectURL, type SuiteReview, suiteReviews } from "@/lib/suite-review-api";
import type { Word } from "@/lib/suites-api";
import { StandingMark } from "./case-marks";
import { useReviewer } from "./use-review";
import { proofsOf, useSay } from "./use-suite-review";

const WordDialog = lazy(patient(() => import("./word-dialog")));
const PushDialog = lazy(patient(() => import("./push-dialog")));

type Asking = "accept" | "reject" | "prove" | "export" | "push";

/** What can be said of a suite and done with it. */
export function SuiteActions({
  job,
  review,
  editing,
  onEdit,
  onAgain,
}: {
  job: Job;
  review: SuiteReview;
  editing: boolean;
  onEdit: () => void;
  onAgain: () => void;
}) {
  const { jobId, standing } = review;
  const [by, keepBy] = useReviewer();
  const [asking, setAsking] = useState<Asking | null>(null);
  const { busy, keep, say } = useSay(jobId);
  const rejected = standing === "rejected";
  const close = () => setAsking(null);
  const answer = async (what: Exclude<Asking, "push">, word: Word) => {
    keepBy(word.by);
    close();
    if (what === "accept") {
      await say("Accepted", () => suiteReviews.accept(jobId, review.version, word));
    } else if (what === "reject") {
      await say("Rejected", () => suiteReviews.reject(jobId, review.version, word));
    } else if (what === "prove") {
      await say("The test is proven again now", () => suiteReviews.prove(jobId, word));
    } else {
      await say("The project was handed out", async () => {
        save(await suiteReviews.export(jobId, word), fileName(review));
        return (await suiteReviews.get(jobId)) ?? review;
      });
    }
  };
  return (
    <>
      <StandingMark standing={standing} />
      <div className="ml-auto flex flex-wrap gap-2">
        {standing !== "accepted" && (
          <Button look="primary" disabled={busy} onClick={() => setAsking("accept")}>
            <Check aria-hidden="true" /> Accept…
          </Button>
        )}
        {!rejected && (
          <Button disabled={busy} onClick={() => setAsking("reject")}>
            <X aria-hidden="true" /> Reject…
          </Button>
        )}
        <Button disabled={editing} onClick={onEdit}>
          <Pencil aria-hidden="true" /> Edit
        </Button>
        <Button disabled={rejected} onClick={() => setAsking("push")}>
          <GitBranch aria-hidden="true" /> Push…
        </Button>
        {!rejected && (
          <a href={projectURL(jobId)} download className={buttonClass()}>
            <Download aria-hidden="true" /> Download project
          </a>
        )}
        <Menu
          label="More"
          icon={EllipsisVertical}
          entries={[
            { label: "Prove again…", icon: BadgeCheck, run: () => setAsking("prove") },
            { label: "Generate again…", icon: RotateCw, run: onAgain },
            {
              ...{ label: "Hand out…", icon: Handshake, disabled: rejected },
              run: () => setAsking("export"),
            },
          ]}
        />
      </div>
      <Suspense>
        {asking === "push" && (
          <PushDialog
            suiteId={jobId}
            project={job.project}
            spec={review.spec}
            proven={proofsOf(review, review.texts.length).some((p) => p.status === "proven")}
            by={by}
            onBy={keepBy}
            onClose={() => {
              close();
              void suiteReviews.get(jobId).then(
                (now) => now && keep(now),
                () => undefined,
              );
            }}
          />
        )}
        {asking !== null && asking !== "push" && (
          <WordDialog
            {...words[asking]}
            by={by}
            onSay={(word) => void answer(asking, word)}
            onClose={close}
          />
        )}
      </Suspense>
    </>
  );
}

const words: Record<
  Exclude<Asking, "push">,
  { title: string; label: string; why: boolean | "optional"; description: string }
> = {
  accept: {
    title: "Accept the suite?",
    label: "Accept",
    why: "optional",
    description: "It says what is meant, and can be handed out.",
  },
  reject: {
    title: "Reject the suite?",
    label: "Reject",
    why: true,
    description: "It is not handed out any more until it is edited or accepted.",
  },
  prove: {
    title: "Prove the test again?",
    label: "Prove",
    why: "optional",
    description: "A new verification runs it as often as before and tries it with as many faults.",
  },
  export: {
    title: "Hand the project out?",
    label: "Download",
    why: "optional",
    description: "You get the project as a file, and the history says to whom it went.",
  },
};

/** What the project is called as a file. */
export function fileName({ spec }: SuiteReview): string {
  return `${spec.replace(/^.*\//, "").replace(/\.spec\.ts$/, "")}.zip`;
}

function save(blob: Blob, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
