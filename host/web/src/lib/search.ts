import { useLocation } from "@tanstack/react-router";
import { parseSearch, type SearchParams } from "./search-params";

/** The query of the page's address. */
export function useSearchParams(): SearchParams {
  return parseSearch(useLocation({ select: (location) => location.searchStr }));
}
