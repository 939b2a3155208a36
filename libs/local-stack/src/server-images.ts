import { readFileSync } from "node:fs";

import { inCheckout } from "./checkout.ts";

/** Which line of `deploy/local/versions.env`, where every version is pinned, names an image. */
export type ImageVariable = "NATS_IMAGE" | "VALKEY_IMAGE" | "MONGO_IMAGE";

/** The image, with its tag, that a server runs in when it runs in a container. */
export function serverImage(variable: ImageVariable): string {
  const versions = readFileSync(inCheckout("deploy/local/versions.env"), "utf8");
  const image = new RegExp(`^${variable}=(\\S+)$`, "m").exec(versions)?.[1];
  if (image === undefined) {
    throw new Error(`deploy/local/versions.env has no ${variable}`);
  }
  return image;
}
