import { parseExactJson, ExactNumber, type ExactJson } from "@/lib/exact-json";

type Schema = Record<string, ExactJson>;

const deepest = 12;

/**
 * YAML to start from: every field of a JSON schema with its default; what is required and has none is left to fill in,
 * with a comment that says what. Empty when the schema names no fields.
 */
export function configSkeleton(schemaText: string): string {
  const root = parseExactJson(schemaText);
  return isSchema(root) ? lines(root, root, "", 0).join("\n") + "\n" : "";
}

function lines(root: Schema, given: Schema, indent: string, depth: number): string[] {
  const schema = resolve(root, given);
  if (depth > deepest || !isSchema(schema.properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).flatMap(([name, member]) => {
    if (!isSchema(member)) return [];
    const field = resolve(root, member);
    const inner = lines(root, field, `${indent}  `, depth + 1);
    const comment = typeof field.description === "string" ? [`${indent}# ${field.description.split("\n")[0] ?? ""}`] : [];
    const key = /^[A-Za-z_][\w-]*$/.test(name) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(name) ? name : JSON.stringify(name);
    if (inner.length > 0) return [...comment, `${indent}${key}:`, ...inner];
    if (field.default !== undefined) return [...comment, `${indent}${key}: ${scalar(field.default)}`];
    const type = typeof field.type === "string" ? field.type : "any";
    return required.includes(name) ? [...comment, `${indent}${key}: # required, ${type}`] : [...comment, `${indent}# ${key}: ${type}`];
  });
}

// JSON is YAML too, so that no string needs rules of its own.
function scalar(value: ExactJson): string {
  return value instanceof ExactNumber ? value.digits : JSON.stringify(value);
}

function resolve(root: Schema, schema: Schema): Schema {
  const name = typeof schema.$ref === "string" ? /^#\/(\$defs|definitions)\/([^/]+)$/.exec(schema.$ref) : null;
  const group = name === null ? undefined : root[name[1] ?? ""];
  const found = isSchema(group) ? group[name?.[2] ?? ""] : undefined;
  return isSchema(found) ? found : schema;
}

function isSchema(value: ExactJson | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
