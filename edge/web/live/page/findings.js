// The list of findings, and each of them close up.

import { formatPercent } from "./drawing.js";
import { byId, setText } from "./elements.js";

const formatTime = (wall_s) => new Date(wall_s * 1000).toLocaleTimeString("en-GB");

/** Show the list as it is now; what stays on it stays where it is on the page. */
export function showFindings(found) {
  byId("nothing").hidden = found.length > 0;
  setText("count", found.length ? String(found.length) : "");
  const list = byId("findings");
  const present = new Map([...list.children].map((item) => [item.dataset.number, item]));
  found.forEach((one, index) => {
    const number = String(one.number);
    const item = present.get(number) ?? createItem();
    present.delete(number);
    item.dataset.number = number;
    fillItem(item, one);
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  present.forEach((item) => item.remove());
}

function createItem() {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.alt = "";
  button.append(picture);
  for (const name of ["title", "sure", "width", "when"]) {
    const part = document.createElement("span");
    part.className = name;
    button.append(part);
  }
  button.addEventListener("click", () => openFinding(item.found));
  item.append(button);
  return item;
}

function fillItem(item, one) {
  item.found = one;
  const [button] = item.children;
  const picture = button.querySelector("img");
  const source = thumbnailUrl(one);
  picture.hidden = !source;
  if (source && picture.getAttribute("src") !== source) picture.src = source;
  const texts = {
    title: `Crack ${one.number}`,
    sure: formatPercent(one.probability),
    width: one.width,
    when: formatTime(one.wall_s),
  };
  for (const [name, text] of Object.entries(texts)) {
    const part = button.querySelector(`.${name}`);
    if (part.textContent !== text) part.textContent = text;
  }
  button.setAttribute("aria-label", `Crack ${one.number}, ${Object.values(texts).slice(1).filter(Boolean).join(", ")}`);
}

function openFinding(one) {
  setText("finding-title", `Crack ${one.number}`);
  const picture = byId("finding-picture");
  picture.hidden = one.thumbnail === null;
  if (one.thumbnail !== null) picture.src = thumbnailUrl(one);
  picture.alt = `Crack ${one.number}, close up`;
  const facts = [["Probability", formatPercent(one.probability)], ["Width", one.width || "not measured"],
    ["First seen", formatTime(one.wall_s)], ["Seen best in", one.frame.replace(/^\w+:\/\/[^/]*\/?/, "")], ["Place", one.place]];
  byId("finding-facts").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => {
    const row = document.createElement("div");
    const term = document.createElement("dt"), description = document.createElement("dd");
    term.textContent = name;
    description.textContent = value;
    row.append(term, description);
    return row;
  }));
  byId("finding-dialog").showModal();
}

function thumbnailUrl(one) {
  return one.thumbnail === null ? "" : `/api/thumbnail?number=${one.number}&version=${one.thumbnail}`;
}
