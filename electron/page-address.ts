/** The page's own scheme: it has headers and an origin, which a file:// page lacks. */
export const PAGE_SCHEME = "mmsb";
const PAGE_HOST = "studio";
export const PAGE_ORIGIN = `${PAGE_SCHEME}://${PAGE_HOST}`;
export const PAGE_URL = `${PAGE_ORIGIN}/index.html`;

/** Whether a URL is one of the Studio's own page, whatever its fragment. */
export function isPageUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host, username, password } = new URL(url);
  return protocol === `${PAGE_SCHEME}:` && host === PAGE_HOST && username === "" && password === "";
}
