import type { Rectangle } from "electron";

/** Where the window stood, and how. */
export interface WindowState {
  readonly bounds: Rectangle;
  readonly isMaximized: boolean;
}

const USUAL = { width: 1440, height: 900 } as const;
export const LEAST = { width: 720, height: 480 } as const;
/** So much of the title bar must lie on a screen for a person to take hold of it. */
const GRIP_PX = 96;

/** What was kept, made to fit the screens there are now; the usual size in the middle of the first where nothing fits. */
export function restoredState(kept: unknown, screens: readonly Rectangle[]): WindowState {
  const [first = { x: 0, y: 0, ...USUAL }] = screens;
  const { bounds, isMaximized } = (
    typeof kept === "object" && kept !== null ? kept : {}
  ) as Partial<WindowState>;
  const placed = isRectangle(bounds)
    ? screens.map((screen) => placedOn(screen, bounds)).find((candidate) => candidate !== undefined)
    : undefined;
  return { bounds: placed ?? centredOn(first), isMaximized: isMaximized === true };
}

function centredOn(screen: Rectangle): Rectangle {
  const width = Math.min(USUAL.width, screen.width);
  const height = Math.min(USUAL.height, screen.height);
  const x = screen.x + Math.floor((screen.width - width) / 2);
  const y = screen.y + Math.floor((screen.height - height) / 2);
  return { x, y, width, height };
}

/** No larger than the screen, its title bar below the upper edge; `undefined` where it cannot be taken hold of there. */
function placedOn(screen: Rectangle, wanted: Rectangle): Rectangle | undefined {
  const width = clamp(wanted.width, LEAST.width, screen.width);
  const height = clamp(wanted.height, LEAST.height, screen.height);
  const placed = { x: wanted.x, y: wanted.y, width, height };
  return holdsGrip(screen, placed) ? { ...placed, y: Math.max(screen.y, wanted.y) } : undefined;
}

function holdsGrip(screen: Rectangle, { x, y, width }: Rectangle): boolean {
  const across = Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x);
  return across >= GRIP_PX && y >= screen.y - GRIP_PX / 4 && y <= screen.y + screen.height - GRIP_PX;
}

function isRectangle(value: unknown): value is Rectangle {
  if (typeof value !== "object" || value === null) return false;
  const { x, y, width, height } = value as Rectangle;
  return [x, y, width, height].every((side) => Number.isSafeInteger(side)) && width > 0 && height > 0;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(Math.min(least, most), Math.min(value, most));
}
