import { type JSX, useEffect } from "react";
import { dismissNotice, type Notice, useNotices } from "../state/notice-store.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icons.tsx";
import "./notices.css";

const QUICK_MS = 2_200;
const SLOW_MS = 12_000;

/** Short messages at the window's corner; errors stay long enough to be read twice. */
export function Notices(): JSX.Element {
  const notices = useNotices((state) => state.notices);
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <NoticeLine key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeLine({ notice }: { notice: Notice }): JSX.Element {
  const quick = notice.tone === "info" || notice.tone === "ok";
  useEffect(() => {
    const timer = setTimeout(() => dismissNotice(notice.id), quick ? QUICK_MS : SLOW_MS);
    return () => clearTimeout(timer);
  }, [notice.id, quick]);
  return (
    <div className={`notice notice--${notice.tone}`}>
      <Icon name={notice.tone === "danger" ? "error" : notice.tone === "warn" ? "warning" : "check"} />
      <span className="notice__text">{notice.text}</span>
      {!quick && <IconButton small icon="close" label="Dismiss" onClick={() => dismissNotice(notice.id)} />}
    </div>
  );
}
