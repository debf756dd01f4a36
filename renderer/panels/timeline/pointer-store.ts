import { create } from "zustand";

/** Where the pointer is over the tracks; `undefined` = elsewhere, or it holds something. Kept apart, so that moving it draws only what follows it. */
export const usePointer = create<{ readonly at: { readonly x: number; readonly y: number } | undefined }>()(
  () => ({ at: undefined }),
);
