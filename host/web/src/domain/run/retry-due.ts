import { RotateCw } from "lucide-react";
import type { StateLook } from "@/ui/badge";

/** An automatic retry is due and not launched yet. */
export const retryDueLook: StateLook = { label: "Retry due", tone: "warn", icon: RotateCw };
