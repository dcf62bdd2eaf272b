// What was recorded, the newest first.

import { $, element, mark } from "./elements.js";
import { instant } from "./figures.js";
import { refresh } from "./questions.js";

const LINES = 60;

export function showEvents(message) {
  const list = $("lines");
  if (message.type === "snapshot") list.replaceChildren();
  for (const item of message.events) {
    const line = element("li");
    mark(line, "kind", item.kind);
    const when = line.appendChild(element("time", "num", instant(item.at)));
    when.dateTime = item.at;
    line.append(element("span", "kind", item.kind), element("span", "what", item.text));
    list.prepend(line);
  }
  while (list.children.length > LINES) list.lastChild.remove();
  if (!list.firstChild) list.append(element("li", "none", "Nothing has been recorded yet."));
  else if (list.children.length > 1) list.querySelector("li.none")?.remove();
  if (message.events.some((item) => item.kind !== "order")) refresh();
}
