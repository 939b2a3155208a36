import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "../docs/root.ts";

/** What every site's services have in common, as in one-site.yaml: a test compares the two. */
export const SERVICE_ANCHORS = `x-process: &process
  restart: unless-stopped
  # Longer than SHUTDOWN_TIMEOUT_MS, so that an orderly shutdown is never cut off.
  stop_grace_period: 30s
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  read_only: true

x-environment: &environment
  BOOTSTRAP_STREAMS: \${BOOTSTRAP_STREAMS:-false}
  LOG_LEVEL: \${LOG_LEVEL:-info}

x-nats: &nats
  image: ${imageOf("nats")}
  restart: unless-stopped
  healthcheck:
    test: ["CMD", "wget", "--quiet", "--output-document=-", "http://127.0.0.1:8222/healthz"]
    interval: 5s
    timeout: 3s
    retries: 12

x-valkey: &valkey
  image: ${imageOf("valkey")}
  restart: unless-stopped
  healthcheck:
    test: ["CMD-SHELL", "valkey-cli ping | grep -q PONG"]
    interval: 5s
    timeout: 3s
    retries: 12

x-mongo: &mongo
  image: ${imageOf("mongo")}
  restart: unless-stopped
  healthcheck:
    test: ["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"]
    interval: 5s
    timeout: 5s
    retries: 24
`;

/** The image that one-site.yaml runs, pinned there. */
function imageOf(server: string): string {
  const [, image] =
    new RegExp(`^  ${server}:\\n    image: (\\S+)$`, "m").exec(
      readFileSync(join(ROOT, "deploy/compose/one-site.yaml"), "utf8"),
    ) ?? [];
  assert(image !== undefined, `one-site.yaml has no image of ${server}`);
  return image;
}
