import { useEffect } from "react";
import { Toaster, toast } from "sonner";
import { useTheme } from "@/lib/theme";
import { notes } from "@/lib/toast";

/** A note that can be taken back stays long enough to be read and reached. */
const UNDO_MS = 12_000;

function showWaiting() {
  for (const { title, description, failed, action } of notes.take()) {
    if (failed) toast.error(title, { description, duration: Number.POSITIVE_INFINITY });
    else if (action) {
      toast.success(title, {
        description,
        duration: UNDO_MS,
        action: { label: action.label, onClick: action.run },
      });
    } else toast.success(title, { description });
  }
}

export default function Toasts() {
  useEffect(() => {
    showWaiting();
    return notes.subscribe(showWaiting);
  }, []);
  return (
    <Toaster
      theme={useTheme()}
      position="bottom-right"
      closeButton
      toastOptions={{
        style: {
          background: "var(--panel)",
          color: "var(--ink)",
          borderColor: "var(--line)",
          fontFamily: "inherit",
          borderRadius: "5px",
        },
      }}
    />
  );
}
