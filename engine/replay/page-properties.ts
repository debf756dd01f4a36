import { ok, type Result } from "../base/result.ts";
import { NONE } from "../log/index/id-slots.ts";
import { LogIndex } from "../log/index/log-index.ts";
import { LifetimeFlag, VersionKind, VersionValue } from "../log/index/structure.ts";
import { decodeMetadataBody, decodePageCreate, decodeSchemaBody } from "../log/record-bodies.ts";
import { EMPTY_METADATA } from "../pages/metadata.ts";
import {
  LOCATIONS,
  type PageDescriptor,
  type PageLocation,
  type PageMetadata,
  type PageSchema,
} from "../pages/page-types.ts";

export type Properties = Pick<PageDescriptor, "location" | "type" | "metadata" | "schema">;
type Described = Pick<PageDescriptor, "metadata" | "schema">;

/** Parsed metadata and schemas kept, by the record that they come from. */
const KEPT = 4096;

/** What a page carries beside its bytes, at any moment of its life. */
export class PageProperties {
  readonly #index: LogIndex;
  readonly #parsed = new Map<number, Described>();

  constructor(index: LogIndex) {
    this.#index = index;
  }

  at(life: number, lsn: number): Result<Properties> {
    const metadata = this.#metadata(life, lsn);
    if (!metadata.ok) return metadata;
    const schema = this.#schema(life, lsn);
    if (!schema.ok) return schema;
    const { lives, types } = this.#index.tables;
    return ok({
      location: LOCATIONS[this.locationAt(life, lsn)] as PageLocation,
      type: types.texts[lives.type.data[life]!]!,
      metadata: metadata.value,
      schema: schema.value,
    });
  }

  /** `LOCATION_CODE`. */
  locationAt(life: number, lsn: number): number {
    const { lives, versions } = this.#index.tables;
    const moved = versions.find(lives.version.data[life]!, VersionKind.Location, lsn);
    return moved === NONE ? lives.location.data[life]! : versions.value.data[moved]!;
  }

  #metadata(life: number, lsn: number): Result<PageMetadata> {
    const { lives, versions } = this.#index.tables;
    const changed = versions.find(lives.version.data[life]!, VersionKind.Metadata, lsn);
    const isEmpty =
      changed === NONE
        ? (lives.flags.data[life]! & LifetimeFlag.Metadata) === 0
        : versions.value.data[changed] === 0;
    if (isEmpty) return ok(EMPTY_METADATA);
    const described = changed === NONE ? this.#original(life) : this.#changed(life, changed, true);
    return described.ok ? ok(described.value.metadata) : described;
  }

  #schema(life: number, lsn: number): Result<PageSchema | undefined> {
    const { lives, versions } = this.#index.tables;
    const changed = versions.find(lives.version.data[life]!, VersionKind.Schema, lsn);
    const isEmpty =
      changed === NONE
        ? (lives.flags.data[life]! & LifetimeFlag.Schema) === 0
        : versions.value.data[changed] === 0;
    if (isEmpty) return { ok: true, value: undefined };
    const described = changed === NONE ? this.#original(life) : this.#changed(life, changed, false);
    return described.ok ? { ok: true, value: described.value.schema } : described;
  }

  /** As the page was created, or as the checkpoint that its life begins with says. */
  #original(life: number): Result<Described> {
    const { lives } = this.#index.tables;
    const lsn = lives.fromLsn.data[life]!;
    if ((lives.flags.data[life]! & LifetimeFlag.FromCheckpoint) !== 0) return this.#inCheckpoint(life, lsn);
    return this.#parse(lsn, (body) => decodePageCreate(body));
  }

  #inCheckpoint(life: number, lsn: number): Result<Described> {
    const image = this.#index.image(lsn);
    if (!image.ok) return image;
    const { lives, ids } = this.#index.tables;
    const page = image.value.pages[LogIndex.pageOf(image.value, ids.id(lives.slot.data[life]!))];
    return page === undefined ? LogIndex.damaged("a page is not in its checkpoint") : ok(page);
  }

  #changed(life: number, version: number, isMetadata: boolean): Result<Described> {
    const { versions } = this.#index.tables;
    const lsn = versions.lsn.data[version]!;
    if (versions.value.data[version] === VersionValue.InCheckpoint) return this.#inCheckpoint(life, lsn);
    return this.#parse(lsn, (body) => {
      if (isMetadata) {
        const metadata = decodeMetadataBody(body);
        return metadata.ok ? ok({ metadata: metadata.value, schema: undefined }) : metadata;
      }
      const schema = decodeSchemaBody(body, this.#index.tables.lives.sizeBytes.data[life]!);
      return schema.ok ? ok({ metadata: EMPTY_METADATA, schema: schema.value }) : schema;
    });
  }

  #parse(lsn: number, parse: (body: Uint8Array) => Result<Described>): Result<Described> {
    const known = this.#parsed.get(lsn);
    if (known !== undefined) return ok(known);
    const batch = this.#index.blocks.block(this.#index.source.findBlock(lsn));
    if (!batch.ok) return batch;
    const parsed = parse(batch.value.body(batch.value.rowOf(lsn)));
    if (!parsed.ok) return parsed;
    if (this.#parsed.size >= KEPT) this.#parsed.delete(this.#parsed.keys().next().value as number);
    this.#parsed.set(lsn, parsed.value);
    return parsed;
  }
}
