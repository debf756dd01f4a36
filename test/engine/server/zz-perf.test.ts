import { existsSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "vitest";
import { TestStudio } from "./studio-fixture.ts";
import { recordDeltas } from "../../bench/log.ts";
test("perf", { timeout: 600_000 }, async () => {
  const N = Number(process.env.N ?? 10_000_000), P = Number(process.env.P ?? 4096);
  const path = `/tmp/perf-${N}-${P}.tlog`;
  if (!existsSync(path)) await recordDeltas(path, N, P);
  const studio = await TestStudio.start();
  const steps = new Map<string, number[]>();
  let label = "open";
  const run = studio.host.scheduler.run.bind(studio.host.scheduler);
  (studio.host.scheduler as any).run = (task: any, priority: any) => run((function* () {
    let done = false;
    try {
    for (;;) {
      const c = process.cpuUsage(); const step = task.next(); const d = process.cpuUsage(c); const ms = (d.user + d.system) / 1000;
      const list = steps.get(label) ?? []; list.push(ms); steps.set(label, list);
      if (step.done) { done = true; return step.value; } yield step.value;
    } } finally { if (!done) task.return(undefined); }
  })() as any, priority);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let cpu = process.cpuUsage();
  const phase = (name: string) => { const d = process.cpuUsage(cpu); cpu = process.cpuUsage(); const l = (steps.get(label) ?? [0]).sort((a, b) => b - a); label = name; steps.clear(); console.log(name.padEnd(22), "CPU ms", ((d.user + d.system) / 1000).toFixed(0), "steps", l.length, "longest CPU", l.slice(0, 4).map((x) => x.toFixed(1)).join(" "), "loop max", (delay.max / 1e6).toFixed(1), "rss", (process.memoryUsage.rss() / 2 ** 20).toFixed(0)); delay.reset(); };
  delay.enable();
  let t = performance.now();
  const { result: info } = await studio.ask("recording.open", { path });
  console.log("open", (performance.now() - t).toFixed(0), "ms"); phase("open");
  const recording = info.recording, L = info.lastLsn;
  t = performance.now();
  await studio.ask("timeline.view", { recording, axis: "lsn", from: 1n, to: BigInt(L + 1), columns: 1200 });
  console.log("first timeline", (performance.now() - t).toFixed(1)); phase("first timeline");
  t = performance.now();
  await studio.open(path);
  console.log("survey", (performance.now() - t).toFixed(0)); phase("survey");
  const time = async (name: string, n: number, ask: (i: number) => Promise<unknown>) => {
    const times: number[] = [];
    for (let i = 0; i < n; i++) { const s = performance.now(); await ask(i); times.push(performance.now() - s); }
    const d = process.cpuUsage(cpu); console.log("   per request CPU ms", ((d.user + d.system) / 1000 / n).toFixed(2));
    times.sort((a, b) => a - b);
    console.log(name.padEnd(30), "p50", times[n >> 1]!.toFixed(2), "p99", times[Math.floor(n * 0.99)]!.toFixed(2), "max", times[n - 1]!.toFixed(2));
    phase(name);
  };
  const rnd = () => 1 + Math.floor(Math.random() * (L - 1));
  await time("timeline full", 50, () => studio.ask("timeline.view", { recording, axis: "lsn", from: 1n, to: BigInt(L + 1), columns: 1200 }));
  await time("timeline full time", 50, () => studio.ask("timeline.view", { recording, axis: "time", from: info.firstTimestampNs!, to: info.lastTimestampNs! + 1n, columns: 1200 }));
  await time("timeline 1%", 50, () => { const f = Math.min(rnd(), L - L / 100); return studio.ask("timeline.view", { recording, axis: "lsn", from: BigInt(Math.floor(f)), to: BigInt(Math.floor(f + L / 100)), columns: 1200 }); });
  await time("timeline 2000 recs", 50, () => { const f = rnd(); return studio.ask("timeline.view", { recording, axis: "lsn", from: BigInt(f), to: BigInt(f + 2000), columns: 1200 }); });
  await time("lanes 20", 50, () => studio.ask("timeline.lanes", { recording, axis: "lsn", from: 1n, to: BigInt(L + 1), columns: 1200, order: "id", firstLane: 0, lanes: 20 }));
  await time("overview", 20, () => studio.ask("overview", { recording, points: 300, top: 20 }));
  await time("deltas window", 200, () => studio.ask("deltas.window", { recording, filter: {}, offset: rnd() >> 1, limit: 50 }));
  await time("deltas around", 200, () => studio.ask("deltas.window", { recording, filter: {}, offset: 0, limit: 50, around: rnd() }));
  await time("page.view rnd", 500, () => studio.ask("page.view", { recording, page: BigInt(1 + Math.floor(Math.random() * P)), lsn: Math.max(P + 1, rnd()), offset: 0, length: 4096, ages: false }));
  let at = L >> 1;
  await time("page.view ages scrub", 200, () => studio.ask("page.view", { recording, page: 5n, lsn: at += 1000, offset: 0, length: 4096, ages: true }));
  await time("pages window", 50, () => studio.ask("pages.window", { recording, lsn: rnd() + P > L ? L : rnd(), order: "id", descending: false, dead: false, offset: 100, limit: 50 }));
  await time("pages by last-write", 3, () => studio.ask("pages.window", { recording, lsn: Math.max(P, rnd()), order: "last-write", descending: true, dead: false, offset: 0, limit: 50 }));
  await time("record.details", 200, () => studio.ask("record.details", { recording, lsn: rnd() }));
  await time("history", 100, () => studio.ask("page.history", { recording, page: 5n, lsn: Math.max(P + 1, rnd()), offset: 0, length: 64, limit: 100 }));
  await time("step page", 100, () => studio.ask("cursor.step", { recording, lsn: rnd(), by: "page-delta", backward: false, count: 1, page: 9n }));
  await time("step delta", 100, () => studio.ask("cursor.step", { recording, lsn: rnd(), by: "delta", backward: true, count: 1 }));
  await time("locate", 100, () => studio.ask("cursor.locate", { recording, lsn: 0, text: `${Math.random() * 100 | 0}%` }));
  await time("series", 5, (i) => studio.ask("field.series", { recording, page: BigInt(i + 1), offset: 0, type: "f32", fromLsn: 0, toLsn: L, columns: 300 }));
  await time("graph", 20, () => studio.ask("graph.view", { recording, lsn: Math.max(P, rnd()), expanded: [], dead: false, maxNodes: 5000 }));
  await time("search first rows", 3, (i) => studio.ask("deltas.window", { recording, filter: { value: `@8:u32 > ${i + 10}` }, offset: 0, limit: 50 }));
  await time("search by page all", 2, (i) => studio.ask("deltas.window", { recording, filter: { pages: [BigInt(i + 3)] }, offset: 1e9, limit: 50 }));
  await time("search value all", 1, () => studio.ask("deltas.window", { recording, filter: { value: "@8:u32 > 4000000000" }, offset: 1e9, limit: 50 }));
  await time("search text all", 1, () => studio.ask("deltas.window", { recording, filter: { text: "nothing" }, offset: 1e9, limit: 50 }));
  await time("effects", 1, () => studio.ask("record.effects", { recording, lsn: 50, limit: 10 }));
  studio.stop();
});
