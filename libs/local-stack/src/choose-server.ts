import { hasImage } from "./docker.ts";
import { findBinary, findProvisioned, type Binary, type Places } from "./find-binary.ts";
import { serverImage, type ImageVariable } from "./server-images.ts";
import { containerProgram, fileProgram, type ServerProgram } from "./server-program.ts";

/** A server, and everything it can be run from. */
export interface Server extends Binary {
  readonly image: ImageVariable;
}

/** DESIGN 4: message schedules, pinned consumers and expected-sequence filters need 2.14. */
export const natsServer: Server = {
  name: "nats-server",
  variable: "PARLEY_NATS_SERVER",
  versionFloor: [2, 14],
  image: "NATS_IMAGE",
};
export const valkeyServer: Server = {
  name: "valkey-server",
  variable: "PARLEY_VALKEY_SERVER",
  versionFloor: [8, 0],
  image: "VALKEY_IMAGE",
};
export const mongod: Server = { name: "mongod", variable: "PARLEY_MONGOD", image: "MONGO_IMAGE" };

/**
 * Chooses what to run: the program the environment names, else the first on PATH that is new enough, else a container
 * when Docker has the image, else the program that the bootstrap provisioned.
 *
 * @throws when the environment names a program that cannot be run or is too old
 */
export async function findServer(server: Server, places: Places = {}): Promise<ServerProgram | undefined> {
  const own = findBinary(server, places);
  if (own !== undefined) {
    return fileProgram(own);
  }
  const image = serverImage(server.image);
  if (await hasImage(image)) {
    return containerProgram({ name: server.name, image });
  }
  const provisioned = findProvisioned(server, places);
  return provisioned === undefined ? undefined : fileProgram(provisioned);
}

/**
 * As `findServer`, for a server that cannot be done without.
 *
 * @throws when there is none; the message says how to get one
 */
export async function requireServer(server: Server, places: Places = {}): Promise<ServerProgram> {
  const program = await findServer(server, places);
  if (program === undefined) {
    const version = server.versionFloor === undefined ? "" : ` ${server.versionFloor.join(".")} or newer`;
    throw new Error(
      `${server.name}${version} was not found. "make bootstrap" provides it; or install it on PATH, ` +
        `name the program in ${server.variable}, or (on Linux) have Docker running and pull ${serverImage(server.image)}.`,
    );
  }
  return program;
}
