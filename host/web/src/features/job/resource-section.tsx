import type { Placed } from "@/domain/graph/graph-model";
import type { ResourceDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { inertText } from "@/lib/inert-text";
import { Markdown } from "@/ui/markdown";
import { Note, Section } from "@/ui/panel";
import styles from "./overview.module.css";

/** What the ops of a job share: opened once per run, on first use. */
export function ResourceSection({ resources, nodes }: { resources: readonly ResourceDefinition[]; nodes: readonly Placed[] }) {
  return (
    <Section title="Resources">
      {resources.length === 0 && <Note>None of its ops uses a resource.</Note>}
      <ul className={styles.resources} aria-label="Resources">
        {resources.map((resource) => (
          <li key={resource.name}>
            <Resource resource={resource} users={nodes.filter((node) => node.op?.resources.includes(resource.name)).map((node) => node.path)} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Resource({ resource: { name, type, description, configs }, users }: { resource: ResourceDefinition; users: string[] }) {
  return (
    <>
      <p>
        <code>{inertText(name)}</code>
        <code className={styles.type}>{inertText(type)}</code>
      </p>
      {description !== "" && <Markdown source={description} />}
      {configs.length > 0 && (
        <Note>
          reads config <Names names={configs} />
        </Note>
      )}
      {users.length > 0 && (
        <Note>
          used by <Names names={users} />
        </Note>
      )}
    </>
  );
}

// Enough to see which; more are counted.
const mostNames = 12;

/** Names in code type with commas between; of many the first ones. */
export function Names({ names }: { names: readonly string[] }) {
  const more = names.length - mostNames;
  return (
    <>
      {names.slice(0, mostNames).map((name, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <code>{inertText(name)}</code>
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
    </>
  );
}
