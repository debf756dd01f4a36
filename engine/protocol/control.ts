import { LIMITS } from "./limits.ts";
import { wireError } from "./wire-error.ts";
import { z } from "./zod.ts";

/**
 * Version of the requests, their parameters and results. Bump it when an older side would misread a message; a new request or a new
 * field of a result does not need it.
 */
export const PROTOCOL_VERSION = 1;

/** The JSON part of each kind of frame. `params`, `result` and `update` are checked against the request's own schema. */
export const controlSchemas = {
  hello: z.strictObject({
    /** Versions that the client speaks; the server takes the highest it knows. */
    versions: z.array(z.int().min(1).max(0xffff)).min(1).max(16),
    client: z.string().max(200),
  }),
  request: z.strictObject({ name: z.string().max(64), params: z.unknown() }),
  cancel: z.strictObject({}),
  subscribe: z.strictObject({
    name: z.string().max(64),
    params: z.unknown(),
    credit: z.int().min(0).max(LIMITS.credit),
  }),
  credit: z.strictObject({ more: z.int().min(1).max(LIMITS.credit) }),
  welcome: z.object({ version: z.int(), server: z.string() }),
  reply: z.object({ result: z.unknown() }),
  failed: wireError,
  progress: z.object({
    /** What is being done: `open`, `index`, `search`, … */
    phase: z.string().max(64),
    /** Of `total`; `total` 0 = nobody knows. */
    done: z.number().nonnegative(),
    total: z.number().nonnegative(),
  }),
  update: z.object({ update: z.unknown() }),
  end: z.object({}),
} as const;

export type Progress = z.infer<typeof controlSchemas.progress>;
