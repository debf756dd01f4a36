import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import type { Palette } from "../../canvas/colours.ts";
import { pageTypeSlot } from "../../client/page-name.tsx";
import { formatBytes } from "../../ui/format/bytes.ts";
import { formatCompact } from "../../ui/format/count.ts";

type View = ReplyOf<"gpu.view">;

/** One colour of a stacked track. */
export interface Band {
  readonly label: string;
  readonly colour: string;
  /** One value a pixel column, in the track's unit. */
  readonly values: ArrayLike<number>;
}

export interface Track {
  readonly id: "memory" | "kernels" | "copies";
  readonly title: string;
  readonly heightPx: number;
  readonly bands: readonly Band[];
  /** A line above the areas; values below zero are not drawn. */
  readonly line?: { readonly label: string; readonly values: ArrayLike<number> };
  readonly format: (value: number) => string;
  /** The largest sum of bands, or value of the line. */
  readonly most: number;
}

export const DIRECTION_NAMES = {
  "host-to-device": "host → device",
  "device-to-host": "device → host",
  "device-to-device": "device → device",
  "host-to-host": "host → host",
} as const;
export type Direction = keyof typeof DIRECTION_NAMES;
/** The order of the protocol's rows. */
const DIRECTIONS = Object.keys(DIRECTION_NAMES) as Direction[];
const DIRECTION_SLOTS = {
  "host-to-device": 0,
  "device-to-host": 1,
  "device-to-device": 4,
  "host-to-host": 9,
};

/** The colour slot of a row of types: that of the page type everywhere else; memory of no page and the others are grey. */
export function typeSlot(pageType: number | null): number {
  return pageType === null || pageType < 0 ? 9 : pageTypeSlot(pageType);
}

export function kernelSlot(at: number): number {
  return (at * 7 + 6) % 12;
}

export function directionSlot(direction: Direction): number {
  return DIRECTION_SLOTS[direction];
}

/** The three tracks of an answer. `seconds`: what a column lasts; without it rates are counts a column. */
export function tracksOf({ result, columns }: View, seconds: number | undefined, palette: Palette): Track[] {
  const n = result.columns;
  const row = (matrix: Float64Array | Uint32Array, at: number) => matrix.subarray(at * n, (at + 1) * n);
  const rate = (matrix: Float64Array | Uint32Array, at: number) =>
    seconds === undefined ? row(matrix, at) : Float64Array.from(row(matrix, at), (value) => value / seconds);
  const each = seconds === undefined ? "a column" : "a second";
  const perSecond = seconds === undefined ? "" : "/s";
  const memory = result.types.map(({ label, pageType }, at) => ({
    label,
    colour: palette.categories[typeSlot(pageType)]!,
    values: row(columns.held, at),
  }));
  const kernels = result.kernels.map((label, at) => ({
    label,
    colour: palette.categories[kernelSlot(at)]!,
    values: rate(columns.launches, at),
  }));
  const copies = DIRECTIONS.map((direction, at) => ({
    label: DIRECTION_NAMES[direction],
    colour: palette.categories[directionSlot(direction)]!,
    values: rate(columns.copyBytes, at),
  })).filter(({ values }) => values.some((value) => value > 0));
  return [
    {
      id: "memory",
      title: "Device memory by page type",
      heightPx: 120,
      bands: memory,
      line: { label: "reserved", values: columns.reserved },
      format: formatBytes,
      most: Math.max(mostOf(memory, n), ...columns.reserved),
    },
    {
      id: "kernels",
      title: `Kernel launches ${each}`,
      heightPx: 64,
      bands: kernels,
      format: (value) => `${formatCompact(value)}${perSecond}`,
      most: mostOf(kernels, n),
    },
    {
      id: "copies",
      title: `Bytes copied ${each}`,
      heightPx: 64,
      bands: copies,
      format: (value) => `${formatBytes(value)}${perSecond}`,
      most: mostOf(copies, n),
    },
  ];
}

function mostOf(bands: readonly Band[], columns: number): number {
  let most = 0;
  for (let column = 0; column < columns; column++)
    most = Math.max(
      most,
      bands.reduce((sum, { values }) => sum + values[column]!, 0),
    );
  return most;
}
