import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unwrap } from "../../../../engine/base/result.ts";
import { encodeFrame, FrameKind } from "../../../../engine/protocol/frame.ts";
import { AllowedAuthorities, ownAddresses } from "../../../../engine/server/door/request-guard.ts";
import { type StudioServer, startStudioServer } from "../../../../engine/server/studio-server.ts";
import { closed, get, openClient, openSocket, rawRequest } from "../../../helpers/raw-http.ts";
import { TestFolder } from "../../../helpers/studio.ts";

const folder = new TestFolder();
const page = join(folder.path, "page");
const HEAD_TIMEOUT_MS = 400;
let server: StudioServer;

async function serve(options: Partial<Parameters<typeof startStudioServer>[0]> = {}): Promise<StudioServer> {
  return unwrap(await startStudioServer({ staticDir: page, headTimeoutMs: HEAD_TIMEOUT_MS, ...options }));
}

beforeAll(async () => {
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), "<title>the page</title>");
  writeFileSync(join(page, "assets", "main.js"), "export {};");
  writeFileSync(folder.file("secret.txt"), "secret");
  symlinkSync(folder.file("secret.txt"), join(page, "link.txt"));
  symlinkSync(folder.path, join(page, "out"));
  server = await serve();
});

afterAll(async () => {
  await server.close();
  folder.remove();
});

describe("the page", () => {
  test("is there for whoever asks by a name of this machine, and says what it may do", async () => {
    const answer = await get(server.port, "/");
    expect(answer.status).toBe(200);
    expect(answer.body).toBe("<title>the page</title>");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    const script = await get(server.port, "/assets/main.js?v=1");
    expect(script.headers.get("content-type")).toContain("text/javascript");
  });

  test.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..\\secret.txt",
    "/..%5csecret.txt",
    "/assets/%00/../index.html",
    "/index.html%00.js",
    "//etc/passwd",
    "/etc/passwd",
    "/link.txt",
    "/out/secret.txt",
    "/assets",
    "/assets/",
    "http://example.org/etc/passwd",
    "/%",
    "/%c0%ae%c0%ae/secret.txt",
    "*",
  ])("shows nothing for %s", async (target) => {
    const answer = await get(server.port, target);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain("secret\n");
    expect(answer.body).not.toContain("root:");
  });

  test("a NUL, a target without end and a head without end are refused", async () => {
    const host = `Host: 127.0.0.1:${server.port}\r\n`;
    expect((await rawRequest(server.port, `GET /\0 HTTP/1.1\r\n${host}\r\n`)).status).not.toBe(200);
    expect((await get(server.port, `/${"a".repeat(4000)}`)).status).toBe(414);
    expect((await get(server.port, "/", { "X-Long": "a".repeat(100_000) })).status).not.toBe(200);
    expect((await rawRequest(server.port, "\x16\x03\x01 not http at all\r\n\r\n")).status).not.toBe(200);
  });

  test("only GET and HEAD are answered", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]) {
      const answer = await rawRequest(
        server.port,
        `${method} / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      expect([method, answer.status]).toEqual([method, 405]);
    }
    const head = await rawRequest(
      server.port,
      `HEAD / HTTP/1.1\r\nHost: localhost:${server.port}\r\nConnection: close\r\n\r\n`,
    );
    expect([head.status, head.body]).toEqual([200, ""]);
  });

  test("a name that is not this machine's gets nothing: a rebound DNS name has a Host of its own", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${server.port}`,
      `127.0.0.1.evil.example:${server.port}`,
      `localhost.evil.example:${server.port}`,
      `127.0.0.1:${server.port}@evil.example`,
      `localhost:${server.port}/evil`,
      "",
    ]) {
      const answer = await get(server.port, "/", { Host: host });
      expect([host, answer.status]).toEqual([host, host === "" ? 421 : answer.status]);
      expect([400, 421]).toContain(answer.status);
      expect(answer.headers.get("content-security-policy") ?? "").not.toContain("evil");
    }
    const twice = `GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`;
    expect((await rawRequest(server.port, twice)).status).not.toBe(200);
    expect((await rawRequest(server.port, "GET / HTTP/1.0\r\n\r\n")).status).not.toBe(200);
  });

  test("loopback names may come with another port, as through an SSH tunnel", async () => {
    const answer = await get(server.port, "/", { Host: "LocalHost:9" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-security-policy")).toContain("ws://localhost:9;");
  });
});

describe("the engine", () => {
  test("lets in a window with the token, from this server's own page", async () => {
    const client = await openClient(server.port, server.token);
    const listed = unwrap(await client.request("recordings.list", {}));
    expect(listed.result).toMatchObject({ available: [], open: [], anyPath: false });
    client.close();
  });

  test("the address that is printed holds the token where a browser sends it nowhere", () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/#token=${server.token}`);
    expect(server.token).toMatch(/^[\w-]{43}$/);
  });

  test("refuses a wrong token, none, a foreign origin, none, a foreign name and another path", async () => {
    const { port, token } = server;
    const wrong = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    expect(await openSocket(port, wrong)).toBe(401);
    expect(await openSocket(port, token.slice(1))).toBe(401);
    expect(await openSocket(port, "")).toBe(401);
    for (const origin of [
      "http://evil.example",
      "null",
      `https://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      `http://127.0.0.1:${port}.evil.example`,
      "http://127.0.0.1",
      "file://",
      "",
    ]) {
      expect([origin, await openSocket(port, token, { origin })]).toEqual([origin, 403]);
    }
    const host = `evil.example:${port}`;
    expect(await openSocket(port, token, { host })).toBe(421);
    for (const path of ["/", "/engine/", "/engine?token", "/%65ngine", "//engine"]) {
      expect([path, await openSocket(port, token, { path })]).toEqual([path, 404]);
    }
  });

  test("a token that could not be guessed is asked for, and one that is too short refused", async () => {
    const short = await startStudioServer({ staticDir: page, token: "short" });
    expect(short.ok ? "" : short.error.code).toBe("ARGUMENT_INVALID");
    const other = await serve();
    expect(other.token).not.toBe(server.token);
    expect(await openSocket(other.port, server.token)).toBe(401);
    await other.close();
  });

  test("a text message, a frame beyond the limit and random bytes end only their own connection", async () => {
    const client = await openClient(server.port, server.token);
    for (const [message, code] of [
      ["text", 1003],
      [new Uint8Array(2 << 20), 1009],
      [Uint8Array.of(1, 2, 3), 1005],
    ] as const) {
      const socket = await openSocket(server.port, server.token);
      if (typeof socket === "number") throw new Error(`refused with ${socket}`);
      const ended = new Promise((resolve) => socket.once("close", resolve));
      socket.send(message);
      expect(await ended).toBe(code);
    }
    expect((await client.request("recordings.list", {})).ok).toBe(true);
    client.close();
  });
});

describe("a flood", () => {
  test.each([
    ["messages", 1],
    ["frames in few messages", 20_000],
  ])("of %s ends its own connection and leaves the others alone", async (_, together) => {
    const client = await openClient(server.port, server.token);
    const socket = await openSocket(server.port, server.token);
    if (typeof socket === "number") throw new Error(`refused with ${socket}`);
    socket.on("error", () => undefined);
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const cancel = encodeFrame(FrameKind.Cancel, 7, {});
    socket.send(encodeFrame(FrameKind.Hello, 0, { versions: [1], client: "flood" }));
    const message = Buffer.concat(Array.from({ length: together }, () => cancel));
    for (let i = 0; i < 20_000; i += together) socket.send(message);
    await ended;
    expect((await client.request("recordings.list", {})).ok).toBe(true);
    client.close();
  });

  test("of windows is stopped at sixteen", async () => {
    const own = await serve();
    const opened = await Promise.all(Array.from({ length: 16 }, () => openSocket(own.port, own.token)));
    expect(opened.filter((socket) => typeof socket === "number")).toEqual([]);
    expect(await openSocket(own.port, own.token)).toBe(503);
    const [first] = opened;
    if (typeof first === "object") {
      const ended = new Promise((resolve) => first.once("close", resolve));
      first.close();
      await ended;
    }
    await expect.poll(() => own.studio.connectionCount).toBe(15);
    expect(typeof (await openSocket(own.port, own.token))).toBe("object");
    await own.close();
  });

  test("of requests is answered with 429, and a window with the token gets in all the same", async () => {
    const own = await serve();
    const socket = connect(own.port, "127.0.0.1");
    let answers = "";
    socket.on("data", (data) => {
      answers += data.toString("latin1");
    });
    const one = `GET /none HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\n\r\n`;
    for (let i = 0; i < 60; i++) {
      const many = connect(own.port, "127.0.0.1");
      many.on("error", () => undefined);
      many.on("data", (data) => {
        answers += data.toString("latin1");
      });
      many.write(one.repeat(20));
    }
    await expect.poll(() => answers.includes(" 429 ")).toBe(true);
    const client = await openClient(own.port, own.token);
    client.close();
    socket.destroy();
    await own.close();
  });

  test("of connections that never finish their head are hung up on", async () => {
    const own = await serve();
    const started = performance.now();
    const slow = Array.from({ length: 40 }, () => {
      const socket = connect(own.port, "127.0.0.1");
      socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\nX-Slow: `);
      const timer = setInterval(() => socket.write("a"), 50);
      return closed(socket).then(() => clearInterval(timer));
    });
    const silent = closed(connect(own.port, "127.0.0.1"));
    await Promise.all([...slow, silent]);
    expect(performance.now() - started).toBeLessThan(20 * HEAD_TIMEOUT_MS);
    expect((await get(own.port, "/")).status).toBe(200);
    await own.close();
  });

  test("of refused windows that do not hang up frees its places at once", async () => {
    const own = await serve();
    // more than the server holds sockets for, each left open from this side
    for (let round = 0; round < 3; round++) {
      const sockets = await Promise.all(
        Array.from({ length: 60 }, async () => {
          const socket = connect({ port: own.port, host: "127.0.0.1", allowHalfOpen: true });
          socket.on("error", () => undefined);
          socket.write(
            `GET /engine HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
          );
          await new Promise<void>((resolve) => socket.once("end", resolve).resume());
          return socket;
        }),
      );
      expect((await get(own.port, "/")).status).toBe(200);
      for (const socket of sockets) expect(socket.destroyed).toBe(false);
    }
    await own.close();
  });
});

describe("where it listens", () => {
  test("on loopback only, unless it is told otherwise", async () => {
    for (const address of ownAddresses().filter((candidate) => !candidate.includes(":"))) {
      const socket = connect(server.port, address);
      const outcome = new Promise<string>((resolve) => {
        socket.once("connect", () => resolve("connected"));
        socket.once("error", () => resolve("refused"));
      });
      expect(await outcome).toBe("refused");
      socket.destroy();
    }
  });

  test("a port that is taken and an address that is not ours are typed errors", async () => {
    const taken = await startStudioServer({ staticDir: page, port: server.port });
    expect(taken.ok ? "" : taken.error.code).toBe("ADDRESS_UNAVAILABLE");
    const foreign = await startStudioServer({ staticDir: page, host: "203.0.113.1" });
    expect(foreign.ok ? "" : foreign.error.code).toBe("ADDRESS_UNAVAILABLE");
    const unbuilt = await startStudioServer({ staticDir: folder.file("nothing") });
    expect(unbuilt.ok ? "" : unbuilt.error.code).toBe("ARGUMENT_INVALID");
  });

  test("on every address it is known by each of them, and by its name", () => {
    const everywhere = new AllowedAuthorities("0.0.0.0", 80, ["studio.example"]);
    for (const name of ["127.0.0.1:80", `${hostname()}:80`.toLowerCase(), "studio.example"]) {
      expect(everywhere.check(name)).toBe(name);
    }
    for (const address of ownAddresses().filter((candidate) => !candidate.includes(":"))) {
      expect(everywhere.check(`${address}:80`)).toBe(`${address}:80`);
      expect(everywhere.check(`${address}:81`)).toBeUndefined();
    }
    expect(everywhere.check("evil.example:80")).toBeUndefined();
    expect(new AllowedAuthorities("192.0.2.7", 90).check("localhost:90")).toBeUndefined();
  });
});
