import { z } from "zod";

// Zod compiles object schemas with `new Function` where it may. The page's Content-Security-Policy forbids that, and even
// asking shows as a violation on the console; control messages are small, so plain interpretation is fast enough.
// It must be said before the first schema is made: every schema of this folder takes `z` from here.
z.config({ jitless: true });

export { z };
