import type { Protocol } from "electron";
import type { Result } from "../engine/base/result.ts";
import { ok } from "../engine/base/result.ts";
import { StaticFiles } from "../engine/server/door/static-files.ts";
import { isPageUrl, PAGE_SCHEME } from "./page-address.ts";
import { PAGE_HEADERS } from "./security.ts";

/** Before the app is ready: makes the scheme one with an origin, as https is. */
export function announcePageScheme(protocol: Protocol): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: PAGE_SCHEME, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

/** Serves the built page, and nothing that is not one of its files. */
export function servePage(protocol: Protocol, folder: string): Result<void> {
  const files = StaticFiles.load(folder);
  if (!files.ok) return files;
  protocol.handle(PAGE_SCHEME, async ({ url, method }) => {
    const file = isPageUrl(url) && method === "GET" ? files.value.find(new URL(url).pathname) : undefined;
    const content = file && (await files.value.read(file).catch(() => undefined));
    if (file === undefined || content === undefined) {
      return new Response("404 Not Found\n", { status: 404, headers: PAGE_HEADERS });
    }
    return new Response(new Uint8Array(content), { headers: { ...PAGE_HEADERS, "Content-Type": file.type } });
  });
  return ok();
}
