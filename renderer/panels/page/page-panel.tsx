import { type JSX, useCallback, useMemo, useState } from "react";
import { useQuery } from "../../client/use-query.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import { Button } from "../../ui/button.tsx";
import { formatCount } from "../../ui/format/count.ts";
import { Empty, Failed, Loading, sentence } from "../../ui/states.tsx";
import { ByteInspector } from "./byte-inspector.tsx";
import { CompareBar } from "./compare-bar.tsx";
import { FieldsView } from "./fields-view.tsx";
import { BLOCK_BYTES, byteWindow } from "./hex-layout.ts";
import { HexView } from "./hex-view.tsx";
import { unitAt } from "./inspected-bytes.ts";
import { PageBar, type PageViewMode } from "./page-bar.tsx";
import { usePicker } from "./page-commands.ts";
import { type PagePart, usePageCompare, useSelectedPageBytes, useStretch } from "./page-data.ts";
import { PageFoot } from "./page-foot.tsx";
import { PagePicker } from "./page-picker.tsx";
import { pictures } from "./picture-layout.ts";
import { PictureView } from "./picture-view.tsx";
import "./page.css";

/** One page at the cursor: its bytes, its fields, and who wrote them. */
export function PagePanel(): JSX.Element {
  const hasPage = useSelection((state) => state.page !== undefined);
  const pickerOpen = usePicker((state) => state.open);
  return (
    <>
      {hasPage ? <OnePage onPick={openPicker} /> : <NoPage onPick={openPicker} />}
      <PagePicker open={pickerOpen} onClose={closePicker} />
    </>
  );
}

const openPicker = () => usePicker.setState({ open: true });
const closePicker = () => usePicker.setState({ open: false });

function NoPage({ onPick }: { onPick: () => void }): JSX.Element {
  const { counts, damage } = useRecording();
  if (counts.pages === 0) {
    return (
      <Empty icon="page" title="No pages">
        {damage.length > 0
          ? "No page exists in what can be read of this recording."
          : "No page exists anywhere in this recording."}
      </Empty>
    );
  }
  return (
    <Empty
      icon="page"
      title="No page is selected"
      actions={
        <Button icon="page" onClick={onPick}>
          Choose a page…
        </Button>
      }
    >
      Step to a record that writes one, or choose one.
    </Empty>
  );
}

/** Everything that is shown belongs to the answer there is, which may lag behind the cursor and the selected page by a frame. */
function OnePage({ onPick }: { onPick: () => void }): JSX.Element {
  const wantsAges = usePreferences((state) => state.pageAges);
  const wantedView = usePreferences((state) => state.pageView);
  const compareLsn = useSelection((state) => state.compareLsn);
  const selected = useSelection((state) => state.bytes);
  const [part, setPart] = useState<PagePart>(FIRST_BLOCK);
  const ages = wantsAges && compareLsn === undefined && wantedView === "bytes";
  const { data, asked, error, progress, retry } = useSelectedPageBytes(part, ages);
  const comparison = usePageCompare(asked?.page, part, compareLsn);
  const compared = comparison.asked?.page === asked?.page ? comparison.data : undefined;
  const stretch = useStretch(data, asked, compared);
  const result = data?.result;
  const fields = result?.fields ?? null;
  const shapes = useMemo(() => pictures(fields), [fields]);
  const views = viewsFor(fields !== null, shapes.length > 0);
  const view = views.includes(wantedView) ? wantedView : "bytes";

  const size = stretch?.pageSizeBytes ?? 0;
  const onVisible = useCallback(
    (first: number, end: number) => {
      const next = byteWindow(first, end, size);
      setPart((old) => (old.offset === next.offset && old.length >= next.length ? old : next));
    },
    [size],
  );
  const unit = useCallback((at: number) => unitAt(fields, at), [fields]);

  const page = useSelection.getState().page ?? 0n;
  const shown = result?.pageId ?? page;
  const shownLsn = asked?.lsn ?? 0;
  return (
    <div className="panel page" data-lsn={asked?.lsn}>
      <PageBar page={shown} pageType={result?.pageType} views={views} view={view} onPick={onPick} />
      {compareLsn !== undefined && (
        <CompareBar
          compareLsn={compareLsn}
          lsn={shownLsn}
          lastWriteLsn={result?.lastDelta?.lsn}
          compared={compared}
        />
      )}
      {error !== undefined ? (
        error.code === "PAGE_UNKNOWN" ? (
          <NotAlive page={page} message={error.message} />
        ) : (
          <Failed error={error} onRetry={retry} />
        )
      ) : stretch === undefined || result === undefined ? (
        <Loading title={`Loading page ${page}`} progress={progress} />
      ) : (
        <div className="page__main">
          {view === "bytes" ? (
            <HexView label={`Bytes of page ${shown}`} stretch={stretch} onVisible={onVisible} unitAt={unit} />
          ) : view === "fields" ? (
            <FieldsView
              key={String(shown)}
              page={shown}
              compareLsn={compareLsn}
              fields={fields!}
              sizeBytes={size}
              epoch={result.epoch}
            />
          ) : (
            <PictureView page={shown} compareLsn={compareLsn} shapes={shapes} />
          )}
          {selected !== undefined && selected.start < size && (
            <ByteInspector
              page={shown}
              lsn={shownLsn}
              selected={selected}
              fields={fields}
              stretch={stretch}
            />
          )}
        </div>
      )}
      {result !== undefined && <PageFoot result={result} ages={ages} />}
    </div>
  );
}

const FIRST_BLOCK = { offset: 0, length: BLOCK_BYTES } as const;

const VIEWS: Readonly<Record<string, readonly PageViewMode[]>> = {
  bytes: ["bytes"],
  fields: ["bytes", "fields"],
  picture: ["bytes", "fields", "picture"],
};

/** The same array for the same views, so that what shows them need not be drawn anew. */
function viewsFor(hasFields: boolean, hasPictures: boolean): readonly PageViewMode[] {
  return VIEWS[hasPictures ? "picture" : hasFields ? "fields" : "bytes"]!;
}

/** Before its creation or after its end. */
function NotAlive({ page, message }: { page: bigint; message: string }): JSX.Element {
  const studio = useStudio();
  const { recording } = useRecording();
  const lsn = useCursor((state) => state.lsn);
  const { data } = useQuery("pages.window", {
    recording,
    lsn,
    order: "id",
    descending: false,
    dead: true,
    text: String(page),
    offset: 0,
    limit: 100,
  });
  const row = data?.columns.page.indexOf(page) ?? -1;
  const created = row < 0 ? undefined : data!.columns.createdLsn[row]!;
  const destroyed = row < 0 ? 0 : data!.columns.destroyedLsn[row]!;
  const goTo = created === undefined ? undefined : created > lsn ? created : Math.max(created, destroyed - 1);
  return (
    <Empty
      icon="page"
      title={`Page ${page} is not there`}
      actions={
        goTo !== undefined && (
          <Button icon="target" onClick={() => studio.navigator.seek(goTo)}>
            Go to LSN {formatCount(goTo)}
          </Button>
        )
      }
    >
      {sentence(message)}
    </Empty>
  );
}
