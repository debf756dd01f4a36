import { type ErrorCode, type ErrorPlace, MmsbError } from "../base/errors.ts";
import { count, lsn, u64 } from "./scalars.ts";
import { z } from "./zod.ts";

/** An `MmsbError` on its way through a port. Texts are cut, so that an error is never larger than what caused it. */
export const wireError = z.object({
  code: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/),
  message: z.string().max(4096),
  remedy: z.string().max(4096),
  place: z.object({
    path: z.string().max(8192).optional(),
    offset: count.optional(),
    lsn: lsn.optional(),
    pageId: u64.optional(),
  }),
});
export type WireError = z.infer<typeof wireError>;

export function toWireError(error: MmsbError): WireError {
  const { path, offset, lsn: at, pageId } = error.place;
  return {
    code: error.code,
    message: error.message.slice(0, 4096),
    remedy: error.remedy.slice(0, 4096),
    place: {
      ...(path !== undefined && { path: path.slice(0, 8192) }),
      ...(isCount(offset) && { offset }),
      ...(isCount(at) && { lsn: at }),
      ...(pageId !== undefined && { pageId }),
    },
  };
}

/** A code that this side does not know is kept: it is only ever shown or compared. */
export function fromWireError(wire: WireError): MmsbError {
  const place = Object.fromEntries(
    Object.entries(wire.place).filter(([, value]) => value !== undefined),
  ) as ErrorPlace;
  return new MmsbError(wire.code as ErrorCode, wire.message, wire.remedy, place);
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}
