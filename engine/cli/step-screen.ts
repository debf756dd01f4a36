import { emitKeypressEvents, type Key } from "node:readline";
import { unwrap } from "../base/result.ts";
import { Cursor } from "../replay/cursor.ts";
import type { Recording } from "../replay/recording.ts";
import { pageLines, placeLine, recordAt, recordLines } from "./step-view.ts";

const HELP = "← → record   ↑ ↓ transaction   n b this page's deltas   PgUp PgDn ×100   Home End   q quit";
const PAGE_STEPS = 100;
const RECORDS_BEFORE = 4;
const RECORDS_AFTER = 4;
/** Lines beside records and page: place, blanks, help. */
const OTHER_LINES = 5;
const COLOURED = { hasColour: true };

/** Steps through a recording on the terminal until the user leaves. */
export function stepOnTerminal(recording: Recording): Promise<void> {
  const screen = new Screen(recording);
  return screen.run();
}

class Screen {
  readonly #cursor: Cursor;
  #pageId: bigint | undefined;
  #leave: () => void = () => undefined;

  constructor(recording: Recording) {
    this.#cursor = new Cursor(recording);
    unwrap(this.#cursor.seek(recording.firstLsn));
  }

  async run(): Promise<void> {
    const { stdin, stdout } = process;
    const onKey = (_text: string | undefined, key: Key) => this.#press(key);
    const onResize = () => this.#draw();
    emitKeypressEvents(stdin);
    stdin.setRawMode(true);
    stdin.on("keypress", onKey);
    stdin.resume();
    stdout.on("resize", onResize);
    // The other screen, without a text cursor: what stood on the terminal comes back.
    stdout.write("\x1b[?1049h\x1b[?25l");
    try {
      this.#draw();
      await new Promise<void>((resolve) => {
        this.#leave = resolve;
      });
    } finally {
      stdout.write("\x1b[?25h\x1b[?1049l");
      stdout.off("resize", onResize);
      stdin.off("keypress", onKey);
      stdin.setRawMode(false);
      stdin.pause();
    }
  }

  #press(key: Key): void {
    if (key.name === "q" || key.name === "escape" || (key.ctrl === true && key.name === "c")) {
      this.#leave();
      return;
    }
    const cursor = this.#cursor;
    const { firstLsn, lastLsn } = cursor.recording;
    const jump = (lsn: number, direction: 1 | -1) => cursor.seek(cursor.recording.nearestLsn(lsn, direction));
    const moves: Record<string, () => unknown> = {
      right: () => cursor.stepRecord(1),
      left: () => cursor.stepRecord(-1),
      down: () => cursor.stepTransaction(1),
      up: () => cursor.stepTransaction(-1),
      n: () => this.#pageId !== undefined && cursor.stepPageDelta(this.#pageId, 1),
      b: () => this.#pageId !== undefined && cursor.stepPageDelta(this.#pageId, -1),
      pagedown: () => jump(Math.min(lastLsn, cursor.lsn + PAGE_STEPS), 1),
      pageup: () => jump(Math.max(firstLsn, cursor.lsn - PAGE_STEPS), -1),
      home: () => cursor.seek(firstLsn),
      end: () => cursor.seek(lastLsn),
    };
    const move = moves[key.name ?? ""];
    if (move === undefined) return;
    move();
    this.#draw();
  }

  /** The page of the record, or of one shortly before: a commit follows what it commits. */
  #pageNear(recording: Recording, lsn: number): bigint | undefined {
    for (let at = lsn; at > lsn - RECORDS_BEFORE && at >= recording.source.firstLsn; at--) {
      if (recording.gapAt(at) !== undefined) return undefined;
      const { pageId, kind } = recordAt(recording, at);
      if (pageId !== null && kind !== "event") return BigInt(pageId);
    }
    return undefined;
  }

  #draw(): void {
    const cursor = this.#cursor;
    const { recording, lsn } = cursor;
    this.#pageId = this.#pageNear(recording, lsn) ?? this.#pageId;
    const { rows = 24, columns = 80 } = process.stdout;
    const pageRows = Math.max(1, rows - OTHER_LINES - RECORDS_BEFORE - RECORDS_AFTER - 2);
    const lines = [
      placeLine(cursor, COLOURED),
      "",
      ...recordLines(cursor, RECORDS_BEFORE, RECORDS_AFTER, COLOURED),
      "",
      ...(this.#pageId === undefined ? [] : pageLines(cursor, this.#pageId, pageRows, COLOURED)),
    ];
    const shown = lines.slice(0, rows - 1).map((line) => `${cut(line, columns)}\x1b[K`);
    process.stdout.write(
      `\x1b[H${shown.join("\r\n")}\r\n\x1b[J\x1b[${rows};1H\x1b[2m${HELP.slice(0, columns)}\x1b[0m`,
    );
  }
}

/** The first `width` characters that show; escapes take no room. */
function cut(line: string, width: number): string {
  let out = "";
  let shown = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it finds our own escapes
  for (const part of line.split(/(\x1b\[\d*m)/)) {
    if (part.startsWith("\x1b[")) {
      out += part;
      continue;
    }
    const room = [...part].slice(0, Math.max(0, width - shown));
    shown += room.length;
    out += room.join("");
  }
  return out;
}
