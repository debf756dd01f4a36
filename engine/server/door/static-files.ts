import { readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fail, ok, type Result } from "../../base/result.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};
const MAX_FILES = 2000;

export interface StaticFile {
  readonly path: string;
  readonly type: string;
  readonly sizeBytes: number;
}

/**
 * The built page. The folder is listed once, when the door opens; a request is looked up in that list by its very text. No path is ever
 * made of what was asked, so there is nothing that `..`, encodings or links could reach.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /** `ARGUMENT_INVALID` where the folder holds no built page. */
  static load(folder: string): Result<StaticFiles> {
    const files = new Map<string, StaticFile>();
    const folders: { path: string; url: string }[] = [{ path: folder, url: "/" }];
    try {
      for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
        for (const entry of readdirSync(next.path, { withFileTypes: true })) {
          const path = join(next.path, entry.name);
          const url = `${next.url}${encodeURIComponent(entry.name)}`;
          if (entry.isDirectory()) folders.push({ path, url: `${url}/` });
          else if (entry.isFile() && files.size < MAX_FILES) {
            const type = TYPES[extname(entry.name)] ?? "application/octet-stream";
            files.set(url, { path, type, sizeBytes: statSync(path).size });
          }
        }
      }
    } catch {
      files.clear();
    }
    const index = files.get("/index.html");
    if (index === undefined) {
      return fail("ARGUMENT_INVALID", "the Studio's page is not built", "Run 'npm run build' first", {
        path: folder,
      });
    }
    files.set("/", index);
    return ok(new StaticFiles(files));
  }

  /** `target` as it stands in the request line; what follows `?` plays no part. */
  find(target: string): StaticFile | undefined {
    const end = target.indexOf("?");
    return this.#files.get(end < 0 ? target : target.slice(0, end));
  }

  read(file: StaticFile): Promise<Buffer> {
    return readFile(file.path);
  }
}
