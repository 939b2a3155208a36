import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { inCheckout } from "./checkout.ts";
import { serverImage } from "./server-images.ts";

// What the tests run on is what is deployed.
test.each([
  ["nats", "NATS_IMAGE"],
  ["valkey", "VALKEY_IMAGE"],
  ["mongo", "MONGO_IMAGE"],
] as const)("the image of %s is the one that is deployed, pinned to a patch version", (service, variable) => {
  const compose = readFileSync(inCheckout("deploy/compose/one-site.yaml"), "utf8");
  const deployed = new RegExp(`^  ${service}:\\n    image: (\\S+)$`, "m").exec(compose)?.[1];

  expect(serverImage(variable)).toBe(deployed);
  expect(serverImage(variable)).toMatch(/:\d+\.\d+\.\d+(?:-\w+)?$/);
});
