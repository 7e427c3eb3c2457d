import { JsonTree } from "@/ui/json-tree";
import { ShortOrDialog } from "@/ui/more";
import { Note } from "@/ui/panel";
import { Table } from "@/ui/table";
import { schemaFields } from "./schema-fields";

/** The config that a job takes: its fields as a table, the JSON schema itself on request. */
export function ConfigSchema({ schema }: { schema: string }) {
  if (schema === "") return <Note>This job takes no config.</Note>;
  const fields = schemaFields(schema);
  return (
    <>
      {fields.length > 0 && (
        <Table label="Config fields" head={["Field", "Type", "Default"]}>
          {fields.map((field) => (
            <tr key={field.path}>
              <td>
                <code style={{ overflowWrap: "anywhere" }}>{field.path}</code>
                {field.required && <Note>required</Note>}
                {field.description !== "" && <Note>{field.description}</Note>}
              </td>
              <td>
                <code>{field.type}</code>
              </td>
              <td>{field.default === undefined ? "" : <code style={{ overflowWrap: "anywhere" }}>{field.default}</code>}</td>
            </tr>
          ))}
        </Table>
      )}
      <ShortOrDialog title="Config schema" source={schema} summary="Show the JSON schema" long>
        <JsonTree text={schema} openTo={6} />
      </ShortOrDialog>
    </>
  );
}
