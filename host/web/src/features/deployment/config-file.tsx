import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import type { ConfigFile } from "@/gen/penstock/host/v1/host_pb";
import { CopyButton, CopyText } from "@/ui/copy-button";
import { Subtitle } from "@/ui/panel";
import { Callout } from "@/ui/states";
import { CodeBlock, Facts } from "@/ui/table";
import { Ago, Instant } from "@/ui/time";
import styles from "./deployment.module.css";

/** The host's configuration file: what is in use, and why the file as it is now is not. */
export function ConfigFilePanel({ config }: { config: ConfigFile }) {
  const loaded = instantMs(config.loadedAt);
  const since = instantMs(config.errorSince);
  const error = inertText(config.error.trim());
  return (
    <div className={styles.config} role="group" aria-label="Configuration file">
      <Subtitle>Configuration file</Subtitle>
      <Facts
        facts={[
          ["Path", <CopyText key="path" text={config.path} />],
          ["In use since", loaded === undefined ? undefined : <Ago ms={loaded} />],
        ]}
      />
      {error !== "" && (
        <Callout tone="bad" title="The file as it is now is not in use: it has an error">
          <p>The configuration from before stays in use. Correct the file; the host reads it again by itself.</p>
          {since !== undefined && (
            <p>
              Since <Instant ms={since} />
            </p>
          )}
          <div className={styles.error}>
            <CodeBlock text={error} wrap label="Mistakes in the configuration file" />
            <CopyButton text={error} label="Copy the mistakes" />
          </div>
        </Callout>
      )}
    </div>
  );
}
