import { paths } from "@/domain/paths";
import { ButtonLink } from "@/ui/link";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Empty } from "@/ui/states";

/** Shown for an address that leads nowhere. */
export function NotFound() {
  return (
    <Page name="Not found" title="Not found">
      <Panel padded={false}>
        <Empty title="There is no page at this address">
          <ButtonLink href={paths.jobs()}>Show all jobs</ButtonLink>
        </Empty>
      </Panel>
    </Page>
  );
}
