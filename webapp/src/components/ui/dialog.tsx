import { clsx } from "clsx";
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { buttonClass } from "./button";

/** A modal dialog with a heading. Radix keeps the focus inside and gives it back on closing. */
export function Dialog({
  open,
  onClose,
  title,
  description,
  wide = false,
  bare = false,
  children,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  wide?: boolean;
  /** Leaves out the visible heading: for a palette, whose input speaks for itself. */
  bare?: boolean;
  children: ReactNode;
}) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/35 dark:bg-black/55" />
        <Radix.Content
          className={clsx(
            "fixed left-1/2 top-[12vh] z-50 flex max-h-[80vh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col",
            "rounded-lg border border-line bg-panel shadow-pop animate-[rise_140ms_ease-out]",
            wide ? "max-w-2xl" : "max-w-lg",
          )}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <div className={bare ? "sr-only" : "flex items-start gap-4 px-5 pt-4 pb-2"}>
            <div className="min-w-0 grow">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description && (
                <Radix.Description asChild>
                  <div className="mt-1 text-sm text-ink-2">{description}</div>
                </Radix.Description>
              )}
            </div>
            {!bare && (
              <Radix.Close className={buttonClass("quiet", "icon")} aria-label="Close">
                <X />
              </Radix.Close>
            )}
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function DialogBody({ children }: { children: ReactNode }) {
  return <div className="scroll-thin min-h-0 overflow-y-auto px-5 py-2">{children}</div>;
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap justify-end gap-2 px-5 pt-3 pb-4">{children}</div>;
}
