// The page's elements by their ids.

export const byId = (id) => document.getElementById(id);

/** Change an element's text only if it is another one: screen readers repeat what is set. */
export function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
  return element;
}
