import type { ColumnSpec } from "../columns.ts";
import type { z } from "../zod.ts";

type NoColumns = Readonly<Record<never, never>>;

/** What a request (or subscription) takes, answers and carries beside it as columns. Every declared column is always there. */
export interface RequestSpec {
  readonly params: z.ZodType;
  /** Columns that the client sends along. */
  readonly sends: ColumnSpec;
  readonly result: z.ZodType;
  readonly columns: ColumnSpec;
}

export function defineRequest<
  P extends z.ZodType,
  R extends z.ZodType,
  C extends ColumnSpec = NoColumns,
  S extends ColumnSpec = NoColumns,
>(spec: {
  params: P;
  result: R;
  columns?: C;
  sends?: S;
}): { readonly params: P; readonly result: R; readonly columns: C; readonly sends: S } {
  return {
    params: spec.params,
    result: spec.result,
    columns: spec.columns ?? ({} as C),
    sends: spec.sends ?? ({} as S),
  };
}
