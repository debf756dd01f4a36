import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import { EngineClient } from "../../engine/protocol/client.ts";
import { PROTOCOL_VERSION } from "../../engine/protocol/control.ts";
import { decodeFrame, encodeFrame, type Frame, FrameKind } from "../../engine/protocol/frame.ts";
import { LIMITS } from "../../engine/protocol/limits.ts";
import { REQUESTS, SUBSCRIPTIONS } from "../../engine/protocol/requests.ts";
import { type MemoryPort, memoryPorts } from "../helpers/memory-port.ts";
import { TestFolder, TestStudio } from "../helpers/studio.ts";

const folder = new TestFolder();
let studio: TestStudio;
let recording: number;
let unharmed: string;

beforeAll(async () => {
  studio = await TestStudio.start();
  recording = (await studio.open(await folder.demo("life", 12))).recording;
  unharmed = await answer();
});
afterAll(() => {
  studio.stop();
  folder.remove();
});

/** What the connection that does nothing wrong is told. */
async function answer(): Promise<string> {
  const view = await studio.ask("page.view", {
    recording,
    page: 1n,
    lsn: 60,
    offset: 0,
    length: 64,
    ages: true,
  });
  return JSON.stringify([view.result.epoch, [...view.columns.bytes], [...view.columns.writerLsn]]);
}

/** A window that says hello and then whatever it likes. */
class RawWindow {
  readonly port: MemoryPort;
  readonly received: Frame[] = [];

  constructor() {
    const [server, window] = memoryPorts();
    this.port = window;
    studio.host.connect(server);
    window.onMessage((message) => {
      this.received.push(
        unwrap(
          decodeFrame(message, {
            frameBytes: LIMITS.serverFrameBytes,
            controlBytes: LIMITS.serverFrameBytes,
            columns: LIMITS.columns,
          }),
        ),
      );
    });
  }

  hello(): void {
    this.port.send(encodeFrame(FrameKind.Hello, 0, { versions: [PROTOCOL_VERSION], client: "hostile" }));
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function settled(window: RawWindow): Promise<void> {
  for (let turns = 0; turns < 6; turns++) await turn();
  // long answers: until everything asked is answered or the connection is gone
  for (let turns = 0; turns < 400 && !window.port.isClosed && studio.host.scheduler.pending > 0; turns++)
    await turn();
}

const refusals = (window: RawWindow) =>
  window.received
    .filter(({ kind }) => kind === FrameKind.Failed)
    .map(({ control }) => (control as { code: string }).code);

const NAMES = [...Object.keys(REQUESTS), ...Object.keys(SUBSCRIPTIONS)];
const hostileParams = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue() },
  {
    weight: 5,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        ...[
          "recording",
          "lsn",
          "page",
          "offset",
          "length",
          "limit",
          "filter",
          "axis",
          "from",
          "to",
          "columns",
        ],
        ...[
          "path",
          "text",
          "count",
          "by",
          "backward",
          "expanded",
          "maxNodes",
          "focus",
          "lanes",
          "order",
          "__proto__",
        ],
      ),
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(
          "0",
          "1",
          "-1",
          "18446744073709551616",
          "9007199254740993",
          "NaN",
          1,
          2 ** 53,
          -1,
          1e308,
        ),
      ),
    ),
  },
);
const message = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.record({
    kind: fc.integer({ min: 0, max: 255 }),
    id: fc.integer({ min: 0, max: 9 }),
    control: fc.oneof(
      fc.jsonValue(),
      fc.record({
        name: fc.oneof(fc.constantFrom(...NAMES), fc.string()),
        params: hostileParams,
        credit: fc.jsonValue(),
      }),
      fc.record({ name: fc.constantFrom(...NAMES), params: hostileParams, credit: fc.nat(2000) }),
      fc.record({ more: fc.integer() }),
    ),
    flip: fc.option(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 })), { freq: 4 }),
  }),
);

test("whatever a window sends, it gets typed errors or is shut out; the server lives, and other windows notice nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(message, { maxLength: 12 }), async (greets, messages) => {
      const window = new RawWindow();
      if (greets) window.hello();
      for (const one of messages) {
        if (one instanceof Uint8Array) window.port.send(one);
        else {
          const bytes = encodeFrame(one.kind as FrameKind, one.id, one.control);
          if (one.flip !== null) bytes[one.flip[0] % bytes.length] = one.flip[1];
          window.port.send(bytes);
        }
      }
      await settled(window);
      for (const code of refusals(window)) expect(code).not.toBe("INTERNAL");
      window.port.close();
      await turn();
      expect(await answer()).toBe(unharmed);
    }),
    { numRuns: 400 },
  );
  await expect.poll(() => studio.host.connectionCount).toBe(1);
  expect(studio.host.recordingCount).toBe(1);
});

test("every request with parameters that do not fit is refused by name", async () => {
  const window = new RawWindow();
  window.hello();
  NAMES.forEach((name, index) => {
    const kind = name in SUBSCRIPTIONS ? FrameKind.Subscribe : FrameKind.Request;
    const control = {
      name,
      params: { recording: "x", surprise: 1 },
      ...(name in SUBSCRIPTIONS && { credit: 1 }),
    };
    window.port.send(encodeFrame(kind, index + 1, control));
  });
  window.port.send(encodeFrame(FrameKind.Request, 900, { name: "no.such", params: {} }));
  window.port.send(encodeFrame(FrameKind.Request, 901, { name: "__proto__", params: {} }));
  await settled(window);
  const codes = refusals(window);
  expect(codes).toHaveLength(NAMES.length + 2);
  expect(new Set(codes.slice(0, NAMES.length))).toEqual(new Set(["PROTOCOL_MESSAGE"]));
  expect(codes.slice(NAMES.length)).toEqual(["PROTOCOL_UNKNOWN_REQUEST", "PROTOCOL_UNKNOWN_REQUEST"]);
  expect(window.port.isClosed).toBe(false);
  window.port.close();
});

test("a client survives whatever a server sends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 5 }),
      fc.boolean(),
      async (messages, greets) => {
        const [server, window] = memoryPorts();
        server.onMessage(() => {
          if (greets) server.send(encodeFrame(FrameKind.Welcome, 0, { version: 1, server: "s" }));
          for (const bytes of messages) server.send(bytes);
          server.close();
        });
        const connected = await EngineClient.connect(window, "test");
        if (!connected.ok) expect(connected.error.code).toMatch(/^(PORT_CLOSED|PROTOCOL_)/);
        else {
          const asked = await connected.value.request("recordings.list", {});
          expect(asked.ok ? "" : asked.error.code).toMatch(/^(PORT_CLOSED|PROTOCOL_)/);
        }
      },
    ),
    { numRuns: 300 },
  );
});
