import { useState } from "react";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { plural } from "@/lib/plural";
import type { Table as TableValue, Table_Cell, TableSchema, TableSchema_Column } from "@/gen/penstock/metadata/v1/metadata_pb";
import { TextButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Note } from "@/ui/panel";
import { Table } from "@/ui/table";
import styles from "./metadata.module.css";
import { FloatView, IntView } from "./number-view";

// Rows in the page; more are shown in a dialog, and there by steps.
const few = 10;
const step = 200;

/** A table with its rows; its schema on request. */
export function TableView({ name, table }: { name: string; table: TableValue }) {
  const [all, setAll] = useState(false);
  const [schema, setSchema] = useState(false);
  return (
    <div className={styles.table}>
      <Rows name={name} table={table} count={few} />
      <span className={styles.inline}>
        {table.rows.length > few && <TextButton onClick={() => { setAll(true); }}>show all {plural(table.rows.length, "row")}</TextButton>}
        {table.schema !== undefined && <TextButton onClick={() => { setSchema(true); }}>show schema</TextButton>}
      </span>
      <Dialog title={name} opened={all} onClose={() => { setAll(false); }} size="xl">
        <AllRows name={name} table={table} />
      </Dialog>
      {table.schema !== undefined && (
        <Dialog title={`Schema of ${name}`} opened={schema} onClose={() => { setSchema(false); }} size="xl">
          <TableSchemaView schema={table.schema} />
        </Dialog>
      )}
    </div>
  );
}

function AllRows({ name, table }: { name: string; table: TableValue }) {
  const [count, setCount] = useState(step);
  return (
    <>
      <Rows name={name} table={table} count={count} />
      {table.rows.length > count && <TextButton onClick={() => { setCount(count + step); }}>show more</TextButton>}
    </>
  );
}

function Rows({ name, table, count }: { name: string; table: TableValue; count: number }) {
  const columns = table.schema?.columns ?? [];
  const shown = table.rows.slice(0, count);
  const look = columns.map((_, position) => (shown.some(({ cells }) => isNumber(cells[position])) ? styles.number : undefined));
  return (
    <Table label={name} head={columns.map((column, position) => <span key={position} className={look[position]}>{column.name}</span>)}>
      {shown.map((row, index) => (
        <tr key={index}>
          {row.cells.map((cell, position) => (
            <td key={position} className={look[position]}>
              <Cell cell={cell} />
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}

// Numbers are compared by their ends.
function isNumber(cell: Table_Cell | undefined): boolean {
  return cell?.value.case === "int" || cell?.value.case === "float";
}

function Cell({ cell }: { cell: Table_Cell }) {
  const { value } = cell;
  switch (value.case) {
    case undefined:
      return <span className={styles.aside}>null</span>;
    case "text":
      return <span className={styles.text}>{value.value}</span>;
    case "int":
      return <IntView digits={value.value.toString()} />;
    case "float":
      return <FloatView value={value.value} />;
    case "bool":
      return <code>{String(value.value)}</code>;
    default:
      return assertUnreachable(value);
  }
}

/** The columns of a table and what holds for it. */
export function TableSchemaView({ schema }: { schema: TableSchema }) {
  return (
    <div className={styles.table}>
      <Table label="Columns" head={["Column", "Type", "Description", "Constraints", "Tags"]}>
        {schema.columns.map((column) => (
          <tr key={column.name}>
            <td>
              <code>{column.name}</code>
            </td>
            <td>
              <code>{column.type}</code>
            </td>
            <td>{column.description}</td>
            <td>{constraints(column).join(", ")}</td>
            <td>{column.tags.map((tag) => `${tag.key}: ${tag.value}`).join(", ")}</td>
          </tr>
        ))}
      </Table>
      {schema.constraints.length > 0 && <Note>Of the table: {schema.constraints.join(", ")}</Note>}
    </div>
  );
}

function constraints(column: TableSchema_Column): string[] {
  return [...(column.notNull ? ["not null"] : []), ...(column.unique ? ["unique"] : []), ...column.constraints];
}
