/** Where a page's bytes live. The numbers are those on disk (and of MMSBSNAP). */
export const LOCATIONS = ["cpu", "gpu", "unified"] as const;
export type PageLocation = (typeof LOCATIONS)[number];
export const LOCATION_CODE: Readonly<Record<PageLocation, number>> = { cpu: 0, gpu: 1, unified: 2 };

/** The type of a page that was given none. */
export const DEFAULT_PAGE_TYPE = "bytes";

/** Free key → bytes pairs. On disk in byte order of the keys, so that the same map gives the same bytes. */
export type PageMetadata = ReadonlyMap<string, Uint8Array>;

/** Element types a schema field may have, with their size in bytes. */
export const FIELD_TYPE_BYTES = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
  bool: 1,
  char: 1,
} as const;
export type FieldType = keyof typeof FIELD_TYPE_BYTES;

/** One typed field: `shape` is row-major, empty for a scalar; the field covers `product(shape)` elements from `offset`. */
export interface SchemaField {
  readonly name: string;
  readonly type: FieldType;
  /** Bytes from the start of the page. */
  readonly offset: number;
  readonly shape: readonly number[];
}

export interface PageSchema {
  readonly fields: readonly SchemaField[];
}

/** Everything about a page but its bytes. */
export interface PageDescriptor {
  readonly id: bigint;
  readonly sizeBytes: number;
  readonly epoch: number;
  readonly location: PageLocation;
  readonly type: string;
  readonly metadata: PageMetadata;
  readonly schema: PageSchema | undefined;
}

/** A page at one moment. */
export interface PageImage extends PageDescriptor {
  readonly bytes: Uint8Array;
}

/** A dependency: `to` is computed from `from`. Data edges carry bytes, control edges only order. */
export const EDGE_TYPES = ["data", "control"] as const;
export type EdgeType = (typeof EDGE_TYPES)[number];

export interface Edge {
  readonly from: bigint;
  readonly to: bigint;
  readonly type: EdgeType;
}
