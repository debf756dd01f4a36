import { fail, ok, type Result } from "../base/result.ts";
import { isU64 } from "../base/u64.ts";
import { MAX_TYPE_NAME_BYTES } from "./limits.ts";
import { checkMetadata } from "./metadata.ts";
import { LOCATION_CODE, type PageLocation, type PageMetadata, type PageSchema } from "./page-types.ts";
import { checkSchema } from "./schema.ts";
import { quoted, textProblem } from "./text.ts";

/** A page to be made. */
export interface PageSpec {
  /** Without one the table gives the next unused id: 1, 2, … */
  readonly id?: bigint;
  readonly type?: string;
  /** Fixed for the page's life. 0 is legal: a page that only stands in the graph or in a foreign log. */
  readonly sizeBytes: number;
  readonly location?: PageLocation;
  readonly metadata?: PageMetadata;
  readonly schema?: PageSchema | undefined;
  /** Exactly `sizeBytes` bytes to start with; without them the page is zero. */
  readonly bytes?: Uint8Array;
  readonly epoch?: number;
}

declare const isChecked: unique symbol;
/** A spec that {@link checkPageSpec} found right, and that nobody changed since. */
export type CheckedPageSpec = PageSpec & { readonly [isChecked]: true };

/** Everything about a spec that can be wrong by itself; `maxPageBytes` is the table's. */
export function checkPageSpec(spec: PageSpec, maxPageBytes: number): Result<void> {
  const { id, type, sizeBytes, location, metadata, schema, bytes, epoch } = spec;
  const place = typeof id === "bigint" ? { pageId: id } : {};
  if (id !== undefined && !(typeof id === "bigint" && isU64(id))) {
    return fail("ARGUMENT_INVALID", `${quoted(id)} is no page id`, "Give a bigint from 0 to 2^64-1");
  }
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > maxPageBytes) {
    const remedy = `Give a whole number of bytes from 0 to ${maxPageBytes}; larger data goes into several pages`;
    return fail("PAGE_SIZE_INVALID", `a page cannot have ${sizeBytes} bytes`, remedy, place);
  }
  if (bytes !== undefined && bytes.length !== sizeBytes) {
    const message = `${bytes.length} bytes were given for a page of ${sizeBytes}`;
    return fail("ARGUMENT_INVALID", message, "Give exactly as many bytes as the page has", place);
  }
  if (location !== undefined && !Object.hasOwn(LOCATION_CODE, location)) {
    return fail("ARGUMENT_INVALID", `${quoted(location)} is no location`, "Use cpu, gpu or unified", place);
  }
  if (epoch !== undefined && !(Number.isSafeInteger(epoch) && epoch >= 0)) {
    return fail("ARGUMENT_INVALID", `${epoch} is no epoch`, "Give a whole number from 0 to 2^53-1", place);
  }
  const problem = type === undefined ? undefined : textProblem(type, MAX_TYPE_NAME_BYTES);
  if (problem !== undefined) {
    return fail(
      "ARGUMENT_INVALID",
      `the page type ${quoted(type)} ${problem}`,
      "Give a short, well-formed name",
      place,
    );
  }
  if (metadata !== undefined) {
    const checked = checkMetadata(metadata);
    if (!checked.ok) return checked;
  }
  return schema === undefined ? ok() : checkSchema(schema, sizeBytes);
}
