import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a real MongoDB for the suite comes from. */
export type RealMongo = { readonly url: string } | { readonly binary: string };

/** `MONGO_URL`, else `PARLEY_MONGOD`, else `mongod` on PATH; `undefined` when this machine has none of them. */
export function findRealMongo(): RealMongo | undefined {
  const { MONGO_URL, PARLEY_MONGOD, PATH = "" } = process.env;
  if (MONGO_URL !== undefined) return { url: MONGO_URL };
  if (PARLEY_MONGOD !== undefined) return { binary: PARLEY_MONGOD };
  const binary = PATH.split(delimiter)
    .map((folder) => join(folder, "mongod"))
    .find(isExecutable);
  return binary === undefined ? undefined : { binary };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
