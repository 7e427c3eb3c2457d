/** One field of a config, as people fill it in. */
export interface SchemaField {
  /** Path with dots; "[]" stands for each item of a list, "*" for any key. */
  path: string;
  type: string;
  description: string;
  /** Its default as JSON text. */
  default: string | undefined;
  required: boolean;
}

type Schema = Record<string, unknown>;

// A schema that refers to itself ends here.
const deepest = 12;
const mostFields = 500;

/** The fields of a JSON schema, outer before inner; none when the text is no schema of an object. */
export function schemaFields(text: string): SchemaField[] {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return [];
  }
  const fields: SchemaField[] = [];
  if (isSchema(root)) visit(root, root, "", false, 0, fields);
  return fields;
}

function visit(root: Schema, given: Schema, path: string, required: boolean, depth: number, fields: SchemaField[]): void {
  const schema = resolve(root, given);
  if (depth > deepest || fields.length >= mostFields) return;
  const properties = isSchema(schema.properties) ? Object.entries(schema.properties) : [];
  const leaf = properties.length === 0;
  // A group without words of its own is said by its fields.
  if (path !== "" && (leaf || typeof schema.description === "string")) {
    fields.push({
      path,
      type: typeText(root, schema),
      description: typeof schema.description === "string" ? schema.description : "",
      default: schema.default === undefined || !leaf ? undefined : JSON.stringify(schema.default),
      required: required && schema.default === undefined,
    });
  }
  const needed = Array.isArray(schema.required) ? schema.required : [];
  for (const [name, member] of properties) {
    if (isSchema(member)) visit(root, member, path === "" ? name : `${path}.${name}`, needed.includes(name), depth + 1, fields);
  }
  if (isSchema(schema.items) && isSchema(resolve(root, schema.items).properties)) visit(root, schema.items, `${path}[]`, false, depth + 1, fields);
  if (isSchema(schema.additionalProperties)) visit(root, schema.additionalProperties, `${path}.*`, false, depth + 1, fields);
}

function resolve(root: Schema, schema: Schema): Schema {
  const ref = schema.$ref;
  if (typeof ref !== "string" || !ref.startsWith("#/")) return schema;
  let found: unknown = root;
  for (const part of ref.slice(2).split("/")) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    found = isSchema(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return isSchema(found) ? found : schema;
}

function typeText(root: Schema, schema: Schema): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  const text = types.filter((type) => typeof type === "string").join(" | ");
  if (isSchema(schema.items)) return `${text} of ${typeText(root, resolve(root, schema.items))}`;
  return text === "" ? "any" : text;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
