import { clsx } from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

const control =
  "rounded-md border bg-panel text-sm text-ink disabled:opacity-60 aria-invalid:border-danger border-line hover:border-line-strong";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={clsx(control, "h-8 w-full px-2.5", className)} {...rest} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={clsx(control, "w-full px-2.5 py-1.5", className)} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select className={clsx(control, "h-8 px-1.5", className)} {...rest} />;
}

export function Checkbox({ className, ...rest }: Omit<ComponentProps<"input">, "type">) {
  return (
    <input
      type="checkbox"
      className={clsx("size-4 shrink-0 accent-(--ink)", className)}
      {...rest}
    />
  );
}

/** What a control needs to be named, described and marked as wrong. */
export interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

/** A labelled control with its hint and its error, tied together for assistive technology. */
export function Field({
  label,
  hint,
  error,
  required,
  className,
  inline = false,
  children,
}: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string;
  required?: boolean;
  className?: string;
  /** The control before its label on one line: for a checkbox. */
  inline?: boolean;
  children: (props: ControlProps) => ReactNode;
}) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={clsx("flex flex-col gap-1", className)}>
      <div className={inline ? "flex flex-row-reverse items-center justify-end gap-2" : "contents"}>
        <label htmlFor={id} className="text-sm font-medium">
          {label}
          {required && <span className="ml-1 font-normal text-ink-3">(required)</span>}
        </label>
        {children({
          id,
          "aria-describedby": described || undefined,
          "aria-invalid": error ? true : undefined,
        })}
      </div>
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-ink-3">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-xs font-medium text-danger">
          {error}
        </p>
      )}
    </div>
  );
}
