import type { JSX } from "react";

/** Sixteen-unit outlines, drawn with the text colour. Always decorative: the control around one carries the name. */
const PATHS = {
  start: "M4 3.5v9M12.5 3.5 6.5 8l6 4.5z",
  end: "M12 3.5v9M3.5 3.5l6 4.5-6 4.5z",
  back: "M10 3.5 5 8l5 4.5",
  forward: "m6 3.5 5 4.5-5 4.5",
  backTransaction: "M12.5 3.5 8 8l4.5 4.5M7.5 3.5 3 8l4.5 4.5",
  forwardTransaction: "M3.5 3.5 8 8l-4.5 4.5M8.5 3.5 13 8l-4.5 4.5",
  backPage: "M9 4.5 5 8l4 3.5M12.5 3v10M3 13h0",
  forwardPage: "m7 4.5 4 3.5-4 3.5M3.5 3v10",
  play: "M4.5 3v10l8-5z",
  pause: "M5 3.5v9M11 3.5v9",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.3 10.3l3.2 3.2",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  close: "m4 4 8 8M12 4l-8 8",
  check: "m3.5 8.5 3 3 6-7",
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  copy: "M6 6h7v7H6zM4 10H3V3h7v1",
  bookmark: "M4.5 2.5h7v11L8 10.8 4.5 13.5z",
  gpu: "M4.5 4.5h7v7h-7zM6.5 6.500h3v3h-3zM6.500 4.500v-2M9.500 4.500v-2M6.500 13.500v-2M9.500 13.500v-2M4.500 6.500h-2M4.500 9.500h-2M13.500 6.500h-2M13.500 9.500h-2",
  timeline: "M2.5 4h6M5 8h8.5M3.5 12h5",
  deltas: "M3 3.5h10M3 8h10M3 12.5h10",
  page: "M4 2.5h5.5L12 5v8.5H4zM9.5 2.5V5H12",
  graph: "M4 4.5h0M3 3h2v2H3zM11 3h2v2h-2zM7 11h2v2H7zM5 5l2.4 6M11 5l-2.4 6M5 4h6",
  events: "M8 2.5 4.5 9H8l-1 4.5L11.5 7H8z",
  overview: "M3 13V8M6.3 13V3.5M9.7 13V6M13 13V9.5",
  warning: "M8 2.8 14 13H2zM8 6.5v3M8 11.4v.1",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 7.5v3.5M8 5v.1",
  error: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  moon: "M12.8 9.8A5.3 5.3 0 0 1 6.2 3.2a5.3 5.3 0 1 0 6.6 6.6",
  system: "M2.5 3h11v7.5h-11zM6 13h4M8 10.5V13",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M6.3 6.4c.1-1 .8-1.6 1.8-1.6 1 0 1.7.6 1.7 1.5 0 1.3-1.8 1.3-1.8 2.6M8 11.2v.1",
  command: "m3.5 5 3 3-3 3M8.5 11.5h4",
  folder: "M2.5 4h4l1.3 1.5h5.7v7h-11z",
  layout: "M2.5 3h11v10h-11zM2.5 7h11M8 7v6",
  link: "M6.5 9.5 9.5 6.5M7 5l1.5-1.5a2.5 2.5 0 0 1 3.6 3.6L10.6 8.6M9 11l-1.5 1.5a2.5 2.5 0 0 1-3.6-3.6L5.4 7.4",
  pin: "M8 9.5V14M5 9.5h6L10 6V2.5H6V6z",
  compare: "M3 3.5h4v9H3zM9 3.5h4v9H9z",
  heat: "M8 14c2.6 0 4.3-1.7 4.3-4.1 0-2.7-2.4-4-2.8-6.9C7.7 4 7 5.600 7.200 7.200 6.300 7 5.900 6.300 5.800 5.600 4.500 6.800 3.700 8.200 3.700 9.900 3.700 12.300 5.400 14 8 14z",
  edit: "M3 13l.7-2.8L10.600 3.300l2.100 2.100L5.800 12.300z",
  trash: "M3.500 4.500h9M6.500 4.500v-2h3v2M4.500 4.500l.600 9h5.800l.600-9",
  chevronDown: "m4.500 6.500 3.500 3.500 3.500-3.500",
  chevronRight: "m6.500 4.500 3.500 3.500-3.500 3.500",
  hash: "M6.500 2.500 5 13.500M11 2.500 9.500 13.500M3 6h10.500M2.500 10H13",
  target: "M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10M8 1.500v3M8 11.500v3M1.500 8h3M11.500 8h3",
  stop: "M4.500 4.500h7v7h-7z",
  reload: "M13 8a5 5 0 1 1-1.500-3.500M13 2.500V5.500h-3",
} as const;

export type IconName = keyof typeof PATHS;

const FILLED: ReadonlySet<IconName> = new Set<IconName>(["play", "stop", "start", "end"]);

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill={FILLED.has(name) ? "currentColor" : "none"}
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
