import type { Location } from "@/gen/penstock/host/v1/location_pb";
import { locationStateData } from "@/domain/location/location-state";
import { serverInUse } from "@/domain/location/replica";

/** Locations whose name, address, state or version holds a text; on request only those that someone should look at. */
export function findLocations(locations: readonly Location[], text: string, onlyTrouble: boolean): Location[] {
  const wanted = text.trim().toLowerCase();
  return locations.filter((location) => (!onlyTrouble || needsAttention(location)) && wordsOf(location).some((word) => word.toLowerCase().includes(wanted)));
}

function needsAttention({ state, error, mixed, draining, notices }: Location): boolean {
  return locationStateData(state).trouble || error !== "" || mixed || draining || notices.length > 0;
}

function wordsOf(location: Location): string[] {
  const server = serverInUse(location);
  return [location.name, location.address, locationStateData(location.state).label, server?.protocolVersion ?? "", server?.build?.codeVersion ?? ""];
}
