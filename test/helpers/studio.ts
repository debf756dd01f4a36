import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unwrap } from "../../engine/base/result.ts";
import { EngineClient } from "../../engine/protocol/client.ts";
import type { RecordingInfo } from "../../engine/protocol/requests/recordings.ts";
import type { ParamsOf, ReplyOf, RequestName } from "../../engine/protocol/requests.ts";
import { AccessPolicy } from "../../engine/server/access-policy.ts";
import { StudioHost } from "../../engine/server/studio-host.ts";
import { recordDemo, type WorkloadName } from "../../engine/session/demo/demo.ts";
import { memoryPorts } from "./memory-port.ts";

/** A folder that is removed again, and what is recorded in it. */
export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), "mmsb-server-"));

  file(name: string): string {
    return join(this.path, name);
  }

  async demo(workload: WorkloadName, steps: number, seed = 7): Promise<string> {
    const path = this.file(`${workload}-${steps}-${seed}.tlog`);
    unwrap(await recordDemo({ path, workload, steps, seed }));
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A host and one client of it, in one process. */
export class TestStudio {
  readonly host: StudioHost;
  readonly client: EngineClient;

  private constructor(host: StudioHost, client: EngineClient) {
    this.host = host;
    this.client = client;
  }

  static async start(access = new AccessPolicy({ anyPath: true }), uploads = false): Promise<TestStudio> {
    const host = new StudioHost({ access, uploads, name: "mmsb test" });
    return new TestStudio(host, await TestStudio.connect(host));
  }

  static async connect(host: StudioHost): Promise<EngineClient> {
    const [server, window] = memoryPorts();
    host.connect(server);
    return unwrap(await EngineClient.connect(window, "test"));
  }

  async ask<N extends RequestName>(name: N, params: ParamsOf<N>): Promise<ReplyOf<N>> {
    return unwrap(await this.client.request(name, params));
  }

  /** Opens a recording and waits until the whole of it is surveyed. */
  async open(path: string): Promise<RecordingInfo> {
    const { result } = await this.ask("recording.open", { path });
    return await new Promise((resolve, reject) => {
      const watching = this.client.subscribe(
        "recording.changes",
        { recording: result.recording },
        {
          credit: 1000,
          onUpdate: (update) => {
            if (update.result.surveyedLsn < update.result.lastLsn) return;
            watching.close();
            resolve(update.result);
          },
          onEnd: (error) => {
            if (error?.code !== "CANCELLED") reject(error ?? new Error("the recording was closed"));
          },
        },
      );
    });
  }

  stop(): void {
    this.client.close();
    this.host.dispose();
  }
}
