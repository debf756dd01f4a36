import path from "node:path";
import type { BrowserWindow, Dialog } from "electron";
import { MmsbError } from "../engine/base/errors.ts";
import { copyRecording } from "../engine/cli/copy-recording.ts";

const KINDS = {
  mmsb: { extension: "tlog", name: "MMSB recording", suffix: "-copy" },
  mmsblog1: { extension: "mmsblog1", name: "MMSBLOG1 log", suffix: "" },
} as const;

/** Asks where to, copies in a thread of its own, and says what came of it. */
export async function exportRecording(
  window: BrowserWindow,
  dialog: Dialog,
  input: string,
  to: keyof typeof KINDS,
): Promise<void> {
  const { extension, name, suffix } = KINDS[to];
  const { dir, name: stem } = path.parse(input);
  const chosen = await dialog.showSaveDialog(window, {
    defaultPath: path.join(dir, `${stem}${suffix}.${extension}`),
    filters: [{ name, extensions: [extension] }],
    properties: ["createDirectory"],
  });
  if (chosen.canceled || chosen.filePath === "") return;
  const output = chosen.filePath;
  // Without a known end: the system shows that something is going on.
  window.setProgressBar(2);
  try {
    const { records, dropped, leftOut } = await copyRecording("exporting", { input, output, to });
    const lost = dropped + leftOut.reduce((sum, left) => sum + left.records, 0);
    await dialog.showMessageBox(window, {
      type: lost > 0 ? "warning" : "info",
      message: `${records.toLocaleString("en-US")} records were written to ${path.basename(output)}.`,
      detail:
        lost > 0
          ? `${lost.toLocaleString("en-US")} were left out: the format has no place for them, or they depend on what was lost.`
          : output,
    });
  } catch (cause) {
    const known = cause instanceof MmsbError;
    await dialog.showMessageBox(window, {
      type: "error",
      message: known ? `${cause.message}.` : "The recording could not be written.",
      detail: known ? `${cause.remedy}.\n${cause.place.path ?? output} (${cause.code})` : String(cause),
    });
  } finally {
    if (!window.isDestroyed()) window.setProgressBar(-1);
  }
}
