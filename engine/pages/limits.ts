/** What a page may carry beside its bytes. Generous for people, small enough that hostile input stays cheap. */
export const MAX_TYPE_NAME_BYTES = 1024;
/** Distinct page types of one table: names are interned and never forgotten. */
export const MAX_TYPES = 65_536;
export const MAX_FIELD_NAME_BYTES = 1024;
export const MAX_SCHEMA_FIELDS = 65_536;
/** Dimensions of one field's shape. */
export const MAX_FIELD_RANK = 32;
export const MAX_METADATA_ENTRIES = 65_536;
export const MAX_METADATA_KEY_BYTES = 65_536;
/** Encoded size of one page's metadata. */
export const MAX_METADATA_BYTES = 16 * 1024 * 1024;
