/** Kinds of page memory; the numbers are those of mmsb/cuda.h, and of MMSB's locations where there is one. */
export const DeviceMemory = { Device: 1, Unified: 2, Registered: 3 } as const;
export type DeviceMemory = (typeof DeviceMemory)[keyof typeof DeviceMemory];

/** Hints for unified memory. They change no byte. */
export const MemoryAdvice = {
  ReadMostly: 1,
  NotReadMostly: 2,
  PreferDevice: 3,
  PreferHost: 4,
  NoPreference: 5,
} as const;
export type MemoryAdvice = (typeof MemoryAdvice)[keyof typeof MemoryAdvice];
