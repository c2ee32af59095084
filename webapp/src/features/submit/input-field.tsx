import type { UseFormReturn } from "react-hook-form";
import { Checkbox, type ControlProps, Field, Input, Select, Textarea } from "@/components/ui/field";
import { type Control, type FormField, fieldHint, fieldName, pointer } from "./schema";
import { type FormValues, formName } from "./submit-form";

// Two of these stand side by side where there is room.
const small = new Set<Control>(["number", "choice", "checkbox"]);

/** One property of the input with the control that fits it; a nested object is a group of fields. */
export function InputField({ field, form }: { field: FormField; form: UseFormReturn<FormValues> }) {
  const label = fieldName(field);
  if (field.control === "group") {
    return (
      <fieldset className="border-l-2 border-line pl-4 sm:col-span-2">
        <legend className="mb-2 text-sm font-medium">{label}</legend>
        <div className="grid gap-4 sm:grid-cols-2">
          {field.fields.map((inner) => (
            <InputField key={pointer(inner.path)} field={inner} form={form} />
          ))}
        </div>
      </fieldset>
    );
  }
  const name = `input.${formName(pointer(field.path))}` as const;
  const error = form.formState.errors.input?.[formName(pointer(field.path))]?.message;
  return (
    <Field
      label={label}
      hint={fieldHint(field) || undefined}
      error={error}
      required={field.required}
      className={small.has(field.control) ? undefined : "sm:col-span-2"}
      inline={field.control === "checkbox"}
    >
      {(props) => <InputControl field={field} form={form} name={name} props={props} />}
    </Field>
  );
}

function InputControl({
  field,
  form,
  name,
  props,
}: {
  field: FormField;
  form: UseFormReturn<FormValues>;
  name: `input.${string}`;
  props: ControlProps;
}) {
  const own = { ...props, ...form.register(name), "aria-required": field.required || undefined };
  switch (field.control) {
    case "checkbox":
      return <Checkbox {...own} />;
    case "choice":
      return (
        <Select {...own}>
          {!field.required && <option value="">–</option>}
          {field.schema.enum?.map((value) => (
            <option key={String(value)}>{String(value)}</option>
          ))}
        </Select>
      );
    case "number":
      return <Input {...own} inputMode="decimal" />;
    case "longtext":
    case "lines":
      return <Textarea {...own} rows={3} />;
    case "json":
      return <Textarea {...own} rows={4} spellCheck={false} className="font-mono text-xs" />;
    default:
      return (
        <Input
          {...own}
          type={field.schema.format === "uri" ? "url" : "text"}
          maxLength={field.schema.maxLength}
        />
      );
  }
}
