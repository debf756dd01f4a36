// What the pointer chooses here, the fields and the bytes offer to the keyboard.
// biome-ignore-all lint/a11y/noStaticElementInteractions: see above
// biome-ignore-all lint/a11y/useKeyWithClickEvents: see above
import { type JSX, type MouseEvent, useCallback, useMemo, useRef, useState } from "react";
import { type Palette, usePalette } from "../../canvas/colours.ts";
import { type Draw, type DrawContext, type Size, useCanvas, useSize } from "../../canvas/use-canvas.ts";
import { type ByteSelection, useSelection } from "../../state/selection-store.ts";
import { Select } from "../../ui/field.tsx";
import { Mark } from "./byte-marks.ts";
import { elementName, FIELD_BYTES, fieldSizeBytes, fieldTypeText } from "./field-values.ts";
import { usePageBytes, usePageCompare, useStretch } from "./page-data.ts";
import {
  cellPx,
  type PictureShape,
  pictureValues,
  strengthOf,
  type ValueRange,
  valueRange,
} from "./picture-layout.ts";

interface PictureViewProps {
  readonly page: bigint;
  readonly compareLsn: number | undefined;
  readonly shapes: readonly PictureShape[];
}

const MARGIN_PX = 10;

/** An array of numbers as a picture: what the last delta wrote is outlined, or where A and B differ. */
export function PictureView({ page, compareLsn, shapes }: PictureViewProps): JSX.Element {
  const palette = usePalette();
  const boxRef = useRef<HTMLDivElement>(null);
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const size = useSize(boxRef);
  const [index, setIndex] = useState(0);
  const [pointed, setPointed] = useState<number>();
  const selected = useSelection((state) => state.bytes);
  const shape = shapes[Math.min(index, shapes.length - 1)]!;
  const { field } = shape;
  const part = { offset: field.offset, length: fieldSizeBytes(field) };
  const bytes = usePageBytes(page, part);
  const compared = usePageCompare(page, part, compareLsn);
  const stretch = useStretch(bytes.data, bytes.asked, compared.data);
  const values = useMemo(
    () => (stretch === undefined ? undefined : pictureValues(field, stretch.bytes, stretch.offset)),
    [field, stretch],
  );
  const range = useMemo(() => (values === undefined ? undefined : valueRange(values)), [values]);
  const px = cellPx(shape, size.width - 2 * MARGIN_PX, size.height - 2 * MARGIN_PX);

  const draw = useCallback<Draw>(
    (context, drawn) => {
      if (values === undefined || range === undefined || stretch === undefined) return;
      const marks = markedElements(shape, stretch.marks, stretch.offset);
      drawPicture(context, drawn, { shape, values, range, px, palette, marks, selected });
    },
    [shape, values, range, px, palette, stretch, selected],
  );
  useCanvas(canvasRef, size, draw);

  const elementAt = (event: MouseEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const across = Math.floor((event.clientX - box.left - MARGIN_PX) / px);
    const down = Math.floor((event.clientY - box.top - MARGIN_PX) / px);
    const at = down * shape.across + across;
    return across < 0 || down < 0 || across >= shape.across || at >= (values?.length ?? 0) ? undefined : at;
  };
  const shown = pointed === undefined ? undefined : values?.[pointed];
  return (
    <div className="picture">
      <div className="picture__bar">
        {shapes.length > 1 ? (
          <Select
            small
            label="Field"
            value={String(Math.min(index, shapes.length - 1))}
            options={shapes.map((one, at) => ({ value: String(at), text: one.field.name }))}
            onChange={(value) => setIndex(Number(value))}
          />
        ) : (
          <b>{field.name}</b>
        )}
        <span className="mono faint">{fieldTypeText(field)}</span>
        <span className="spacer" />
        <span className="num muted">
          {shown !== undefined && pointed !== undefined
            ? `${elementName(field.shape, pointed)} = ${valueText(shown)}`
            : range !== undefined && `${valueText(range.min)} to ${valueText(range.max)}`}
        </span>
      </div>
      <div
        ref={boxRef}
        className="picture__box"
        onMouseMove={(event) => setPointed(elementAt(event))}
        onMouseLeave={() => setPointed(undefined)}
        onClick={(event) => {
          const at = elementAt(event);
          if (at === undefined) return;
          const start = field.offset + at * FIELD_BYTES[field.type];
          useSelection.getState().selectBytes({ start, end: start + FIELD_BYTES[field.type] });
        }}
      >
        <canvas ref={canvasRef} role="img" aria-label={`${field.name} of page ${page} as a picture`} />
      </div>
    </div>
  );
}

function valueText(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en-US") : String(Number(value.toPrecision(6)));
}

/** Elements of which any byte carries a mark. */
function markedElements({ field }: PictureShape, marks: Uint8Array, offset: number): Uint8Array {
  const size = FIELD_BYTES[field.type];
  const count = fieldSizeBytes(field) / size;
  const marked = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    const from = field.offset - offset + at * size;
    for (let byte = Math.max(0, from); byte < Math.min(marks.length, from + size); byte++)
      marked[at]! |= marks[byte]! & (Mark.Touched | Mark.Changed);
  }
  return marked;
}

interface Picture {
  readonly shape: PictureShape;
  readonly values: Float64Array;
  readonly range: ValueRange;
  readonly px: number;
  readonly palette: Palette;
  readonly marks: Uint8Array;
  readonly selected: ByteSelection | undefined;
}

function drawPicture(
  context: DrawContext,
  _size: Size,
  { shape, values, range, px, palette, marks, selected }: Picture,
): void {
  const { field, across, down } = shape;
  const gap = px >= 6 ? 1 : 0;
  context.fillStyle = palette.lane;
  context.fillRect(MARGIN_PX, MARGIN_PX, across * px, down * px);
  for (let at = 0; at < values.length; at++) {
    const strength = strengthOf(values[at]!, range);
    const x = MARGIN_PX + (at % across) * px;
    const y = MARGIN_PX + Math.floor(at / across) * px;
    if (strength !== 0) {
      context.globalAlpha = Math.min(1, 0.08 + 0.92 * Math.abs(strength));
      context.fillStyle = strength > 0 ? palette.accent : palette.danger;
      context.fillRect(x, y, px - gap, px - gap);
    }
    if (marks[at]) {
      context.globalAlpha = 1;
      outline(context, x, y, px, gap, marks[at]! & Mark.Changed ? palette.changed : palette.touched);
    }
  }
  context.globalAlpha = 1;
  if (selected === undefined) return;
  const size = FIELD_BYTES[field.type];
  const first = Math.max(0, Math.floor((selected.start - field.offset) / size));
  const end = Math.min(values.length, Math.ceil((selected.end - field.offset) / size));
  if (end - first > across) return;
  for (let at = first; at < end; at++)
    outline(
      context,
      MARGIN_PX + (at % across) * px,
      MARGIN_PX + Math.floor(at / across) * px,
      px,
      gap,
      palette.focus,
    );
}

/** Cells too small for an outline are marked by a dot of colour instead. */
function outline(context: DrawContext, x: number, y: number, px: number, gap: number, colour: string): void {
  if (px < 4) {
    context.fillStyle = colour;
    context.globalAlpha = 0.6;
    context.fillRect(x, y, px, px);
    return;
  }
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.strokeRect(x + 0.75, y + 0.75, px - gap - 1.5, px - gap - 1.5);
}
