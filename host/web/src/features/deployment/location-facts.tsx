import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { serverInUse } from "@/domain/location/replica";
import type { Location } from "@/gen/penstock/host/v1/location_pb";
import { CopyText } from "@/ui/copy-button";
import { Note } from "@/ui/panel";
import { Facts } from "@/ui/table";
import { Ago } from "@/ui/time";

/** Where a location is, the versions of what is in use there, and when it changed and answered last. */
export function LocationFacts({ location }: { location: Location }) {
  const server = serverInUse(location);
  const build = server?.build;
  const loaded = instantMs(location.loadedAt);
  const answered = instantMs(location.answeredAt);
  const started = instantMs(server?.startedAt);
  const sdk = [server?.sdk?.language, server?.sdk?.version, server?.sdk?.runtime].filter((part) => part !== undefined && part !== "").join(" · ");
  return (
    <Facts
      facts={[
        ["Address", <CopyText key="address" text={location.address} />],
        ["Protocol", server === undefined ? undefined : server.protocolVersion === "" ? <Note>not reported</Note> : <CopyText text={server.protocolVersion} />],
        ["SDK", inertText(sdk)],
        ["Code version", server === undefined ? undefined : build === undefined || build.codeVersion === "" ? <Note>not reported</Note> : <CopyText text={build.codeVersion} />],
        ["Image", build === undefined || build.image === "" ? undefined : <CopyText text={build.image} />],
        ["Outputs are stored in", server === undefined || server.outputStore === "" ? undefined : <CopyText text={server.outputStore} />],
        [
          "Repositories",
          location.repositories.length === 0 ? undefined : (
            <>
              {location.repositories.map((repository) => (
                <div key={repository.name}>
                  {repository.name}, {plural(repository.jobs, "job")}
                </div>
              ))}
            </>
          ),
        ],
        ["Last change", loaded === undefined ? undefined : <Ago ms={loaded} />],
        ["Answered", answered === undefined ? undefined : <Ago ms={answered} />],
        ["Server", server === undefined || server.serverId === "" ? undefined : <CopyText text={server.serverId} />],
        ["Started", started === undefined ? undefined : <Ago ms={started} />],
      ]}
    />
  );
}
