import { Boxes, SquareFunction, X } from "lucide-react";
import { findGraph, itemSources, type Placed } from "@/domain/graph/graph-model";
import { opPolicies } from "@/domain/graph/op-policy";
import type { JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import type { GraphDefinition, JobDefinition, Port } from "@/gen/penstock/usercode/v1/body_pb";
import { Button, IconButton } from "@/ui/button";
import { CopyText } from "@/ui/copy-button";
import { ButtonLink } from "@/ui/link";
import { Markdown } from "@/ui/markdown";
import { Note, Panel, Section } from "@/ui/panel";
import { Facts } from "@/ui/table";
import styles from "./overview.module.css";
import { Names } from "./resource-section";

/** All that is known of an op or a nested graph of a job. */
export function NodePane({ placed, definition: job, name, onClose, onOpen }: {
  placed: Placed;
  definition: JobDefinition;
  name: JobNameText;
  onClose: () => void;
  onOpen: () => void;
}) {
  const { path, node, op, graph } = placed;
  const around = findGraph(job, path.slice(0, Math.max(0, path.lastIndexOf("."))));
  const definition = op ?? graph;
  const policies = op === undefined ? [] : opPolicies(op);
  return (
    <Panel
      padded={false}
      title={
        <span style={{ display: "inline-flex", alignItems: "center", gap: "0.4rem" }}>
          {graph === undefined ? <SquareFunction size={14} aria-label="Op" /> : <Boxes size={14} aria-label="Graph" />}
          {node.name}
        </span>
      }
      actions={
        <IconButton label="Back to the job" small onClick={onClose}>
          <X size={14} />
        </IconButton>
      }
    >
      <Section title="Description">
        {definition === undefined && <Note>The definition of this node is missing.</Note>}
        {definition !== undefined && (definition.description === "" ? <Note>None.</Note> : <Markdown source={definition.description} />)}
      </Section>
      <Section title="Inputs">
        <Ports ports={definition?.inputs ?? []} none="It takes nothing." wires={(port) => feeds(placed, around, port)} />
      </Section>
      <Section title="Outputs">
        <Ports ports={op?.outputs ?? graph?.outputs.map((output) => output.port).filter((port) => port !== undefined) ?? []} none="It gives nothing." />
      </Section>
      {node.map !== "" && (
        <Section title="Map">
          <Note>
            A run makes one instance of it for each item of <Names names={itemsOf(around, node.map)} />, once the list is known. An instance is called <code>{node.name}[key]</code>.
          </Note>
        </Section>
      )}
      {op !== undefined && (op.resources.length > 0 || op.codeVersion !== "" || op.transient) && (
        <Section title="Code and output">
          <Facts
            facts={[
              ["Code version", op.codeVersion === "" ? undefined : <CopyText text={op.codeVersion} />],
              ["Resources", op.resources.length === 0 ? undefined : <Names names={op.resources} />],
              ["Output", op.transient ? "transient: it is never stored" : undefined],
            ]}
          />
        </Section>
      )}
      {policies.length > 0 && (
        <Section title="Policies">
          <Facts facts={policies} />
        </Section>
      )}
      <Section title="Place">
        <Facts
          facts={[
            ["Path", <CopyText key="path" text={path} />],
            [op === undefined ? "Graph" : "Op", <code key="of">{definition?.name ?? node.definition.value ?? ""}</code>],
            ["Runs after", node.after.length === 0 ? undefined : node.after.join(", ")],
          ]}
        />
        <div style={{ display: "flex", flexWrap: "wrap", gap: "0.4rem", marginTop: "0.6rem" }}>
          {graph !== undefined && <Button small onClick={onOpen}>Open this graph</Button>}
          <ButtonLink small href={paths.launchpad(name, path)}>Launch only this</ButtonLink>
          <ButtonLink small href={paths.job(name, { select: `${path}*` })}>Show what depends on it</ButtonLink>
        </div>
      </Section>
    </Panel>
  );
}

function Ports({ ports, none, wires }: { ports: Port[]; none: string; wires?: (port: string) => string[] }) {
  if (ports.length === 0) return <Note>{none}</Note>;
  return (
    <ul className={styles.ports}>
      {ports.map((port) => {
        const from = wires?.(port.name) ?? [];
        return (
          <li key={port.name} className={styles.port}>
            <code>{port.name}</code>
            <code className={styles.type}>{port.type}</code>
            {port.description !== "" && <Note>{port.description}</Note>}
            {from.length > 0 && <Note>from {from.join(", ")}</Note>}
          </li>
        );
      })}
    </ul>
  );
}

function feeds({ node }: Placed, around: GraphDefinition | undefined, input: string): string[] {
  return node.wires
    .filter((wire) => wire.input === input)
    .map((wire) => (wire.itemOf === "" ? sourceText(wire) : `each item of ${itemsOf(around, wire.itemOf).join(", ")}`));
}

function sourceText({ fromNode, fromPort }: { fromNode: string; fromPort: string }): string {
  return fromNode === "" ? `the graph's input ${fromPort}` : `${fromNode}.${fromPort}`;
}

function itemsOf(around: GraphDefinition | undefined, map: string): string[] {
  return around === undefined ? [map] : itemSources(around, map).map(sourceText);
}
