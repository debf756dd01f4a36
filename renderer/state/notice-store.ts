import { create } from "zustand";

export interface Notice {
  readonly id: number;
  readonly tone: "info" | "ok" | "warn" | "danger";
  readonly text: string;
}

interface NoticeState {
  readonly notices: readonly Notice[];
}

/** More than these would cover the window. */
const MOST_NOTICES = 4;

export const useNotices = create<NoticeState>()(() => ({ notices: [] }));

let nextId = 1;

/** Says something at the window's edge. The same text twice is one notice. */
export function showNotice(notice: Omit<Notice, "id">): void {
  useNotices.setState(({ notices }) => ({
    notices: [...notices.filter(({ text }) => text !== notice.text), { ...notice, id: nextId++ }].slice(
      -MOST_NOTICES,
    ),
  }));
}

export function dismissNotice(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}
