import {
  type DockviewApi,
  type DockviewPanelApi,
  DockviewReact,
  type IDockviewHeaderActionsProps,
  type IDockviewPanelHeaderProps,
  type IDockviewPanelProps,
} from "dockview-react";
import { Activity, type JSX, Suspense, useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icons.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { applyDefaultLayout, restoreLayout, saveLayout } from "./layout.ts";
import type { PanelDefinition } from "./panel-definition.ts";
import { PANEL_TITLES, PANELS } from "./panels.ts";
import { OwnRoot } from "./window-root.tsx";
import "./dock.css";

/** A window is dragged through many sizes; only the one it rests at is kept. */
const SAVE_AFTER_MS = 400;

const THEME = { name: "mmsb", className: "dock-theme", gap: 4 } as const;

/**
 * A panel's content. One that stands behind another keeps what it holds but asks nothing and draws nothing, so that scrubbing costs what
 * is in sight; one that was never in sight is not even loaded.
 */
function PanelContent({ panel, api }: { panel: PanelDefinition; api: DockviewPanelApi }): JSX.Element {
  const { id, title, component: Content } = panel;
  const isVisible = useSyncExternalStore(
    useCallback(
      (listener: () => void) => {
        const listening = api.onDidVisibilityChange(listener);
        return () => listening.dispose();
      },
      [api],
    ),
    () => api.isVisible,
  );
  const [wasVisible, setWasVisible] = useState(isVisible);
  if (isVisible && !wasVisible) setWasVisible(true);
  return (
    <section className="dock-panel" aria-label={title} data-scope={id}>
      <OwnRoot>
        {wasVisible && (
          <Activity mode={isVisible ? "visible" : "hidden"}>
            <ErrorBoundary title={title}>
              <Suspense fallback={<Loading title={`Loading ${title}`} />}>
                <Content />
              </Suspense>
            </ErrorBoundary>
          </Activity>
        )}
      </OwnRoot>
    </section>
  );
}

const components = Object.fromEntries(
  PANELS.map((panel) => [
    panel.id,
    ({ api }: IDockviewPanelProps) => <PanelContent panel={panel} api={api} />,
  ]),
);

/** Only a name: buttons inside a tab would be controls inside a control. Closing stands at the group's right. */
function Tab({ api }: IDockviewPanelHeaderProps): JSX.Element {
  const panel = PANELS.find(({ id }) => id === api.id);
  return (
    <span className="dock-tab">
      {panel !== undefined && <Icon name={panel.icon} size={14} />}
      {api.title}
    </span>
  );
}

function GroupActions({ activePanel, containerApi }: IDockviewHeaderActionsProps): JSX.Element | null {
  const [maximized, setMaximized] = useState(containerApi.hasMaximizedGroup());
  useEffect(() => {
    const listening = containerApi.onDidMaximizedGroupChange(() =>
      setMaximized(containerApi.hasMaximizedGroup()),
    );
    return () => listening.dispose();
  }, [containerApi]);
  if (activePanel === undefined) return null;
  const toggle = () => {
    if (maximized) containerApi.exitMaximizedGroup();
    else containerApi.maximizeGroup(activePanel);
  };
  return (
    <div className="dock-actions">
      <IconButton
        small
        icon={maximized ? "minus" : "fit"}
        label={maximized ? "Show all panels" : `Maximize ${activePanel.title}`}
        onClick={toggle}
      />
      <IconButton
        small
        icon="close"
        label={`Close ${activePanel.title}`}
        onClick={() => activePanel.api.close()}
      />
    </div>
  );
}

function NoPanels(): JSX.Element {
  return (
    <Empty icon="layout" title="No panel is open">
      Open one from the View menu, or with Alt and its number.
    </Empty>
  );
}

/** The panels, wherever a person put them. */
export function Dock({ onApi }: { onApi: (api: DockviewApi | undefined) => void }): JSX.Element {
  const [api, setApi] = useState<DockviewApi>();

  useEffect(() => {
    if (api === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listening = api.onDidLayoutChange(() => {
      clearTimeout(timer);
      timer = setTimeout(() => saveLayout(api), SAVE_AFTER_MS);
    });
    return () => {
      clearTimeout(timer);
      listening.dispose();
    };
  }, [api]);

  useEffect(() => () => onApi(undefined), [onApi]);

  const onReady = useCallback(
    ({ api: ready }: { api: DockviewApi }) => {
      if (!restoreLayout(ready, PANEL_TITLES)) applyDefaultLayout(ready, PANEL_TITLES);
      setApi(ready);
      onApi(ready);
    },
    [onApi],
  );
  return (
    <DockviewReact
      className="dock"
      theme={THEME}
      components={components}
      defaultTabComponent={Tab}
      rightHeaderActionsComponent={GroupActions}
      watermarkComponent={NoPanels}
      disableFloatingGroups
      onReady={onReady}
    />
  );
}
