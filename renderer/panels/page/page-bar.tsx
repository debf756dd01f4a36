import { type JSX, memo } from "react";
import { pageTypeSlot } from "../../client/page-name.tsx";
import { useRecording } from "../../client/use-studio.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import { IconButton } from "../../ui/button.tsx";
import { Segmented } from "../../ui/field.tsx";
import { shortenEnd, shortenId } from "../../ui/format/ids.ts";
import { Icon } from "../../ui/icons.tsx";
import { Swatch } from "../../ui/value.tsx";
import { toggleCompare } from "./page-commands.ts";

export type PageViewMode = "bytes" | "fields" | "picture";

const TITLES: Readonly<Record<PageViewMode, string>> = {
  bytes: "Bytes",
  fields: "Fields",
  picture: "Picture",
};

/** Letters of the id and the type's name together: cut here and not by a clip, whose content would change with every page. */
const NAME_LETTERS = 22;

interface PageBarProps {
  readonly page: bigint;
  readonly pageType: string | undefined;
  readonly views: readonly PageViewMode[];
  readonly view: PageViewMode;
  readonly onPick: () => void;
}

/** Which page, how it is looked at, and what it is compared with. */
export function PageBar({ page, pageType, views, view, onPick }: PageBarProps): JSX.Element {
  const { pageTypes } = useRecording();
  const type = pageTypes.findIndex(({ name }) => name === pageType);
  const id = shortenId(page.toString());
  return (
    <div className="panel__bar">
      <button
        type="button"
        className="page__name"
        title={`Page ${page}${pageType === undefined || pageType === "" ? "" : `, ${pageType}`}: choose another (P)`}
        onClick={onPick}
      >
        <Swatch slot={pageTypeSlot(type < 0 ? 0xffff_ffff : type)} />
        <b className="mono">{id}</b>
        <span className="muted">{shortenEnd(pageType ?? "", NAME_LETTERS - id.length)}</span>
        <Icon name="chevronDown" size={12} />
      </button>
      <PageTools views={views} view={view} />
    </div>
  );
}

/** Does not depend on the page: it stays as it is while scrubbing goes from page to page. */
const PageTools = memo(function PageTools({
  views,
  view,
}: Pick<PageBarProps, "views" | "view">): JSX.Element {
  const follow = useSelection((state) => state.followPage);
  const setFollow = useSelection((state) => state.setFollowPage);
  const isComparing = useSelection((state) => state.compareLsn !== undefined);
  const ages = usePreferences((state) => state.pageAges);
  const set = usePreferences((state) => state.set);
  return (
    <>
      <IconButton
        small
        icon="target"
        label="Follow the record at the cursor to its page"
        pressed={follow}
        onClick={() => setFollow(!follow)}
      />
      <span className="spacer" />
      {views.length > 1 && (
        <Segmented
          label="Show as"
          value={view}
          options={views.map((value) => ({ value, text: TITLES[value] }))}
          onChange={(value) => set({ pageView: value })}
        />
      )}
      <IconButton
        small
        icon="heat"
        label="Colour bytes by the age of their last write"
        shortcut="H"
        pressed={ages}
        disabled={view !== "bytes" || isComparing}
        onClick={() => set({ pageAges: !ages })}
      />
      <IconButton
        small
        icon="compare"
        label="Compare with another LSN"
        shortcut="C"
        pressed={isComparing}
        onClick={toggleCompare}
      />
    </>
  );
});
