import { type JSX, useCallback, useMemo, useRef } from "react";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { type Palette, usePalette } from "../../canvas/colours.ts";
import { type Draw, type DrawContext, useCanvas, useSize } from "../../canvas/use-canvas.ts";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount, formatShare } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";

type At = ReplyOf<"gpu.at">;

const BAR_PX = 14;
/** Rows drawn; what is left is counted. */
const MAX_ARENAS = 64;

interface Arena {
  readonly pool: string;
  readonly number: number;
  readonly sizeBytes: number;
  readonly runs: readonly { readonly offset: number; readonly bytes: number }[];
}

/** The arenas of a sample, with what of each is in use. */
export function arenasOf({ result, columns }: At): Arena[] {
  const pools = result.sample?.pools ?? [];
  const arenas = Array.from(columns.arenaBytes, (sizeBytes, at) => ({
    pool: pools[columns.arenaPool[at]!]?.pool ?? "",
    number: columns.arenaNumber[at]!,
    sizeBytes,
    runs: [] as { offset: number; bytes: number }[],
  }));
  for (let run = 0; run < columns.runArena.length; run++)
    arenas[columns.runArena[run]!]?.runs.push({
      offset: columns.runOffset[run]!,
      bytes: columns.runBytes[run]!,
    });
  return arenas;
}

/** Where in its arenas the device's memory lies at the cursor: what is in use, and the holes between. */
export function ArenaMap({ at }: { at: At }): JSX.Element {
  const palette = usePalette();
  const arenas = useMemo(() => arenasOf(at), [at]);
  const pools = at.result.sample?.pools ?? [];
  const joined = Math.max(0, ...pools.map(({ gapBytes }) => gapBytes));
  return (
    <section aria-label="Arena map">
      <h2 className="section-title">Arenas at the cursor</h2>
      <ul className="gpu__pools">
        {pools
          .filter(({ reservedBytes }) => reservedBytes > 0)
          .map(({ pool, freeBytes, largestFreeBytes }) => (
            <li key={pool} className="num">
              <b>{pool}</b>: free {formatBytes(freeBytes)}, largest block {formatBytes(largestFreeBytes)} (
              {freeBytes === 0 ? "no memory is free" : `${formatShare(largestFreeBytes / freeBytes)} of it`})
            </li>
          ))}
      </ul>
      {arenas.length === 0 ? (
        <p className="muted">No memory is reserved here.</p>
      ) : (
        <ul className="gpu__arenas">
          {arenas.slice(0, MAX_ARENAS).map((arena) => (
            <ArenaRow key={`${arena.pool} ${arena.number}`} arena={arena} palette={palette} />
          ))}
        </ul>
      )}
      {arenas.length > MAX_ARENAS && <p className="muted num">{arenas.length - MAX_ARENAS} more</p>}
      {joined > 0 && (
        <p className="muted num">Holes below {formatBytes(joined)} are not drawn: there are too many.</p>
      )}
    </section>
  );
}

function ArenaRow({ arena, palette }: { arena: Arena; palette: Palette }): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width } = useSize(holder);
  const size = useMemo(() => ({ width, height: BAR_PX }), [width]);
  const used = arena.runs.reduce((sum, { bytes }) => sum + bytes, 0);
  useCanvas(
    canvas,
    size,
    useCallback<Draw>((context, drawn) => drawArena(context, drawn.width, arena, palette), [arena, palette]),
  );
  const share = formatShare(used / arena.sizeBytes);
  const held = `${share} of ${formatBytesExact(arena.sizeBytes)} in use, in ${plural(arena.runs.length, "run")}`;
  return (
    <li className="gpu__arena" title={`${arena.pool}, arena ${formatCount(arena.number)}: ${held}`}>
      <span className="num gpu__arena-name truncate">
        {arena.pool} {formatCount(arena.number)}
      </span>
      <div ref={holder} className="gpu__arena-bar" role="img" aria-label={held}>
        <canvas ref={canvas} style={{ width: "100%", height: BAR_PX }} />
      </div>
      <span className="num muted right">{share}</span>
    </li>
  );
}

function drawArena(context: DrawContext, width: number, arena: Arena, palette: Palette): void {
  context.fillStyle = palette.shade;
  context.fillRect(0, 0, width, BAR_PX);
  context.fillStyle = palette.categories[arena.pool === "unified" ? 4 : 0]!;
  const scale = width / arena.sizeBytes;
  for (const { offset, bytes } of arena.runs)
    context.fillRect(offset * scale, 0, Math.max(0.5, bytes * scale), BAR_PX);
  context.strokeStyle = palette.border;
  context.strokeRect(0.5, 0.5, width - 1, BAR_PX - 1);
}
