import type { Handlers } from "./fake-engine.ts";
import type { FakeRecording } from "./fake-recording.ts";

export function graphHandlers(fake: FakeRecording): Handlers {
  const pages = [...fake.pages.values()];
  const rank = (id: bigint) =>
    fake.edges.some((edge) => edge.to === id) ? (id > 1000n ? 3 : id === 101n ? 2 : 1) : 0;
  const position = (id: bigint) => {
    const level = rank(id);
    const row = pages.filter((page) => rank(page.id) === level);
    const index = row.findIndex((page) => page.id === id);
    return { x: (index - (row.length - 1) / 2) * 80, y: level * 140 };
  };
  const typeOf = (type: string) => fake.pageTypes.indexOf(type);
  const within = (start: bigint, hops: number, direction: string) => {
    const found = new Map([[start, 0]]);
    let ring = [start];
    for (let hop = 1; hop <= hops; hop++) {
      const next = ring.flatMap((id) =>
        fake.edges.flatMap((edge) => {
          if (direction !== "upstream" && edge.from === id) return [edge.to];
          return direction !== "downstream" && edge.to === id ? [edge.from] : [];
        }),
      );
      ring = next.filter((id) => !found.has(id));
      for (const id of ring) found.set(id, hop);
    }
    return found;
  };
  return {
    "graph.view": ({ lsn, focus }) => {
      const kept = focus === undefined ? undefined : within(focus.page, focus.hops, focus.direction);
      const nodes = pages.filter(
        (page) => page.createdLsn <= lsn && (kept === undefined || kept.has(page.id)),
      );
      const index = new Map(nodes.map((page, at) => [page.id, at]));
      const edges = fake.edges.filter((edge) => index.has(edge.from) && index.has(edge.to));
      return {
        result: {
          totalPages: pages.length,
          totalEdges: fake.edges.length,
          clustered: false,
          omittedNodes: 0,
          bounds: { left: -1000, top: -20, right: 1000, bottom: 450 },
        },
        columns: {
          nodeKind: new Uint8Array(nodes.length),
          node: BigUint64Array.from(nodes, (page) => page.id),
          pageType: Uint32Array.from(nodes, (page) => typeOf(page.type)),
          members: new Uint32Array(nodes.length).fill(1),
          alive: new Uint8Array(nodes.length).fill(1),
          x: Float32Array.from(nodes, (page) => position(page.id).x),
          y: Float32Array.from(nodes, (page) => position(page.id).y),
          edgeFrom: Uint32Array.from(edges, (edge) => index.get(edge.from)!),
          edgeTo: Uint32Array.from(edges, (edge) => index.get(edge.to)!),
          edgeCount: new Uint32Array(edges.length).fill(1),
          edgeType: new Uint8Array(edges.length),
          edgeAlive: new Uint8Array(edges.length).fill(1),
        },
      };
    },
    "graph.touched": ({ lsn, wholeTransaction }) => {
      const record = fake.records[lsn - 1];
      const wave = fake.records.filter(
        (other) => other.transaction !== 0 && other.transaction === record?.transaction,
      );
      const roots = (wholeTransaction ? wave : record === undefined ? [] : [record]).flatMap((one) =>
        one.kind === "delta" ? [one.page!] : [],
      );
      const distance = new Map<bigint, number>();
      for (const root of roots) {
        for (const [id, hops] of within(root, 10, "downstream"))
          distance.set(id, Math.min(hops, distance.get(id) ?? 99));
      }
      const found = [...distance];
      return {
        result: { touched: new Set(roots).size, downstream: found.length - new Set(roots).size, omitted: 0 },
        columns: {
          page: BigUint64Array.from(found, ([id]) => id),
          cluster: new Uint32Array(found.length),
          distance: Uint32Array.from(found, ([, hops]) => hops),
          written: Uint8Array.from(found, ([id]) =>
            wave.some((other) => other.kind === "delta" && other.page === id) ? 1 : 0,
          ),
          failed: Uint8Array.from(found, ([id]) =>
            wave.some((other) => other.kind === "failure" && other.page === id) ? 1 : 0,
          ),
        },
      };
    },
    "graph.search": ({ text, limit }) => {
      const found = pages.filter((page) => String(page.id).includes(text) || page.type.includes(text));
      const rows = found.slice(0, limit);
      return {
        result: { total: found.length },
        columns: {
          page: BigUint64Array.from(rows, (page) => page.id),
          pageType: Uint32Array.from(rows, (page) => typeOf(page.type)),
          cluster: new Uint32Array(rows.length),
          alive: new Uint8Array(rows.length).fill(1),
          x: Float32Array.from(rows, (page) => position(page.id).x),
          y: Float32Array.from(rows, (page) => position(page.id).y),
        },
      };
    },
  };
}
