/**
 * Body of a Recompute record: who computes what from now on. It names the recompute and never holds code.
 *
 *   u8 action (0 removed, 1 registered), u8 target (0 the page of the page column, 1 a page type), text page type (empty for a page),
 *   text name, u8 form (0 function, 1 columns, 2 kernel), text options (JSON; empty = none)
 */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";

export const RECOMPUTE_FORMS = ["function", "columns", "kernel"] as const;
export type RecomputeForm = (typeof RECOMPUTE_FORMS)[number];

export interface Registration {
  readonly registered: boolean;
  /** Undefined: the record's page is the target. */
  readonly pageType: string | undefined;
  readonly name: string;
  readonly form: RecomputeForm;
  /** JSON: priority, lazy, discover, inputs, element, kernel; page ids are decimal strings. */
  readonly options: string;
}

/** A registration that stands, as a checkpoint lists it. */
export interface StandingRegistration {
  /** The page it is for; 0 where it is for a page type. */
  readonly pageId: bigint;
  readonly registration: Registration;
}

/** The order in which checkpoints list them: by page id, those of page types first and by type. */
export function compareRegistrations(a: StandingRegistration, b: StandingRegistration): number {
  const [left, right] = [a.registration.pageType, b.registration.pageType];
  if (left !== undefined && right !== undefined) return left < right ? -1 : 1;
  if (left !== undefined || right !== undefined) return left !== undefined ? -1 : 1;
  return a.pageId < b.pageId ? -1 : 1;
}

export function encodeRegistration(body: Registration): Uint8Array {
  return new ByteWriter(64)
    .u8(body.registered ? 1 : 0)
    .u8(body.pageType === undefined ? 0 : 1)
    .text(body.pageType ?? "")
    .text(body.name)
    .u8(RECOMPUTE_FORMS.indexOf(body.form))
    .text(body.options)
    .finish();
}

export function decodeRegistration(bytes: Uint8Array): Result<Registration> {
  const reader = new ByteReader(bytes);
  const action = reader.u8();
  const target = reader.u8();
  const pageType = reader.text();
  const name = reader.text();
  const form = RECOMPUTE_FORMS[reader.u8()];
  const options = reader.text();
  if (reader.failed || reader.remaining !== 0 || action > 1 || target > 1 || form === undefined) {
    return fail(
      "LOG_RECORD_CORRUPT",
      "the body of a recompute record is malformed",
      "Run 'mmsb recover' to keep what is readable",
      {
        offset: reader.offset,
      },
    );
  }
  return ok({ registered: action === 1, pageType: target === 1 ? pageType : undefined, name, form, options });
}
