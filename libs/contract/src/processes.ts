/** Every process of a site. The name is its queue group, its consumer's first word and its broker user. */
export const PROCESSES = [
  "room-service",
  "room-worker",
  "inbox-worker",
  "message-service",
  "broadcast-worker",
] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** The release, as `site.info` tells it. */
export const VERSION = "0.1.0";
