/** Changes an element's only text, if it is another. The text node stays: a new one would cost a layout object. */
export function setText(element: HTMLElement | null, text: string): void {
  if (element === null || element.textContent === text) return;
  const { firstChild } = element;
  if (firstChild instanceof Text) firstChild.data = text;
  else element.textContent = text;
}
