/** The part of JSON Schema 2020-12 that job kinds use for their input. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
  /** The order of the properties, where the writer of the schema cares. */
  "x-order"?: string[];
}

/** How a value is edited. What has no better way is edited as JSON. */
export type Control =
  | "text"
  | "longtext"
  | "number"
  | "checkbox"
  | "choice"
  | "lines"
  | "group"
  | "json";

/** One field of a form: its place in the input, and what is known of it. */
export interface FormField {
  /** Property names from the root. */
  path: string[];
  control: Control;
  schema: Schema;
  required: boolean;
  /** Of a group. */
  fields: FormField[];
}

/** What a person typed, by the field's pointer: text, or a tick. */
export type Typed = Record<string, string | boolean>;

export interface Fault {
  /** JSON pointer into the input. */
  path: string;
  message: string;
}

/** The fields of an object schema, in its order. */
export function fieldsOf(schema: Schema, root = schema, path: string[] = []): FormField[] {
  const required = new Set(schema.required);
  const order = schema["x-order"] ?? [];
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  const properties = Object.entries(schema.properties ?? {});
  return properties
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([name, raw]) => {
      const own = resolve(raw, root);
      const at = [...path, name];
      const control = path.length > 6 ? "json" : controlOf(own, root);
      return {
        path: at,
        control,
        schema: own,
        required: required.has(name),
        fields: control === "group" ? fieldsOf(own, root, at) : [],
      };
    });
}

function resolve(schema: Schema, root: Schema): Schema {
  const name = /^#\/\$defs\/([^/]+)$/.exec(schema.$ref ?? "")?.[1];
  const target = name === undefined ? undefined : root.$defs?.[name];
  return target ? { ...target, ...schema, $ref: undefined } : schema;
}

function typeOf(schema: Schema): string | undefined {
  if (!Array.isArray(schema.type)) return schema.type;
  const types = schema.type.filter((type) => type !== "null");
  return types.length === 1 ? types[0] : undefined;
}

function controlOf(schema: Schema, root: Schema): Control {
  if (schema.enum?.every((value) => typeof value === "string")) return "choice";
  switch (typeOf(schema)) {
    case "string":
      return (schema.maxLength ?? 0) > 1000 || schema.format === "textarea" ? "longtext" : "text";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "checkbox";
    case "array":
      return typeOf(resolve(schema.items ?? {}, root)) === "string" ? "lines" : "json";
    case "object":
      return schema.properties ? "group" : "json";
    default:
      return "json";
  }
}

/** The JSON pointer of a path; it names the field in the form and in a problem's errors. */
export function pointer(path: string[]): string {
  return path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function allFields(fields: FormField[]): FormField[] {
  return fields.flatMap((field) => (field.control === "group" ? allFields(field.fields) : [field]));
}

/** What the form shows for an input: its values, or the schema's defaults. */
export function typedFrom(fields: FormField[], input?: unknown): Typed {
  const typed: Typed = {};
  for (const field of allFields(fields)) {
    const value = input === undefined ? field.schema.default : valueAt(input, field.path);
    typed[pointer(field.path)] = show(field, value);
  }
  return typed;
}

function valueAt(input: unknown, path: string[]): unknown {
  let at = input;
  for (const part of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

function show(field: FormField, value: unknown): string | boolean {
  if (field.control === "checkbox") return value === true;
  if (value === undefined || value === null) return "";
  if (field.control === "lines" && Array.isArray(value)) return value.join("\n");
  if (field.control === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

/**
 * Turns what was typed into the input, and says what cannot be meant. The server checks the rest,
 * and puts in the defaults: a field that shows its default is not sent unless it is required.
 */
export function inputFrom(fields: FormField[], typed: Typed): { input: object; faults: Fault[] } {
  const input: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const field of allFields(fields)) {
    const path = pointer(field.path);
    const read = parse(field, typed[path] ?? "");
    if ("fault" in read) faults.push({ path, message: read.fault });
    else if (read.value !== undefined && (field.required || !isDefault(field, read.value))) {
      put(input, field.path, read.value);
    }
  }
  return { input, faults };
}

function isDefault({ schema }: FormField, value: unknown): boolean {
  return schema.default !== undefined && JSON.stringify(schema.default) === JSON.stringify(value);
}

type Read = { value: unknown } | { fault: string };

function parse(field: FormField, raw: string | boolean): Read {
  const { schema, control, required } = field;
  if (control === "checkbox") {
    return {
      value: raw === true || required || schema.default === true ? raw === true : undefined,
    };
  }
  const text = String(raw);
  if (text.trim() === "") {
    return required && control !== "lines" ? { fault: "This is needed." } : { value: undefined };
  }
  switch (control) {
    case "number":
      return parseNumber(schema, text);
    case "lines": {
      const lines = text.split("\n").map((line) => line.trim());
      return { value: lines.filter((line) => line !== "") };
    }
    case "json":
      try {
        return { value: JSON.parse(text) };
      } catch {
        return { fault: "This is not JSON." };
      }
    default:
      return checkText(schema, text);
  }
}

function parseNumber(schema: Schema, text: string): Read {
  const value = Number(text);
  if (!Number.isFinite(value)) return { fault: "This is not a number." };
  if (typeOf(schema) === "integer" && !Number.isInteger(value)) {
    return { fault: "A whole number is needed." };
  }
  if (schema.minimum !== undefined && value < schema.minimum) {
    return { fault: `At least ${schema.minimum} is needed.` };
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    return { fault: `At most ${schema.maximum} is allowed.` };
  }
  return { value };
}

function checkText(schema: Schema, text: string): Read {
  if (schema.minLength !== undefined && text.length < schema.minLength) {
    return { fault: `At least ${schema.minLength} characters are needed.` };
  }
  if (schema.maxLength !== undefined && text.length > schema.maxLength) {
    return { fault: `At most ${schema.maxLength} characters are allowed.` };
  }
  return { value: text };
}

function put(target: Record<string, unknown>, path: string[], value: unknown) {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const inner = (target[name] ?? {}) as Record<string, unknown>;
  target[name] = inner;
  put(inner, rest, value);
}

/** What to call a field: its title, or its name in words. */
export function fieldName(field: FormField): string {
  const name = field.path.at(-1) ?? "";
  if (field.schema.title) return field.schema.title;
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]/g, " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a field takes, in words: its description and its bounds. Its default stands in the field. */
export function fieldHint(field: FormField): string {
  const { description, minimum, maximum } = field.schema;
  const parts = [description?.replace(/\.$/, "")];
  const figure = (n: number) => n.toLocaleString("en-US");
  if (minimum !== undefined && maximum !== undefined) {
    parts.push(`${figure(minimum)} to ${figure(maximum)}`);
  } else if (minimum !== undefined && minimum !== 0) parts.push(`at least ${figure(minimum)}`);
  else if (maximum !== undefined) parts.push(`at most ${figure(maximum)}`);
  if (field.control === "lines") parts.push("one on each line");
  if (field.control === "json") parts.push("as JSON");
  return parts.filter(Boolean).join(" · ");
}
