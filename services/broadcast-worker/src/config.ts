import { consumerFields, keyStoreFields, siteFields } from "@parley/site/site-fields";
import { testHooksOf } from "@parley/site/test-hooks";
import { z } from "zod";

/** What broadcast-worker reads from its environment (SPEC-rooms 9.1, B). */
export const config = z.object({ ...siteFields, ...keyStoreFields, ...consumerFields });

export type Config = z.output<typeof config>;
export const environment = process.env;
export const testHooks = testHooksOf(environment);
