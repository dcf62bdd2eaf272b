// The link: both streams, what is said while it is cut, and how the page comes in and goes out.

import { Channel, SILENCE_MS } from "./channel.js";
import { now } from "./clock.js";
import { $, mark, put } from "./elements.js";
import { forget, refresh, showUnheard } from "./questions.js";
import { enter, leave, session } from "./session.js";

export const link = { seen: 0, behind: 0, mode: "", profit: "" };
const pnl = new Channel("/ws/pnl");
const events = new Channel("/ws/events");

export function listen(showPnl, showEvents) {
  pnl.take = (message) => {
    link.behind = pnl.wayOf(message);
    showPnl(message);
    link.seen = now(); // what could not be shown was not seen
    if (link.behind > SILENCE_MS) pnl.later(); // what queues on a slow line goes with its connection
    showLink();
  };
  pnl.lost = showLink;
  events.take = showEvents;
}

export function showLink() {
  for (const each of [pnl, events]) each.watch();
  $("deaf").hidden = events.speaks();
  const silent = now() - (link.seen || session.started);
  const behind = link.behind > SILENCE_MS;
  const cut = session.in && (silent > SILENCE_MS || behind || (pnl.socket === null && pnl.due > 0));
  mark(document.body, "link", !$("out").hidden ? "out" : cut ? "cut" : link.seen ? "live" : "starting");
  showTitle(cut);
  $("cut").hidden = !cut;
  showUnheard(cut);
  put($("cut-what"), cut ? "Disconnected: these are old figures" : "");
  if (!cut) return;
  const seconds = (ms) => Math.max(0, Math.floor(ms / 1000));
  const since = behind ? `${seconds(silent + link.behind)} s behind` : `last seen ${seconds(silent)} s ago`;
  put($("cut-since"), link.seen ? since : "nothing seen yet");
  const wait = Math.ceil((pnl.due - now()) / 1000);
  put($("cut-next"), pnl.due && wait > 0 ? `trying again in ${wait} s` : "trying again now");
}

// All that is seen of a tab in the background: it claims no profit that is not of now.
function showTitle(cut) {
  const now = link.seen ? [link.mode, link.profit] : [link.mode];
  const what = !$("out").hidden ? ["Logged out"] : cut ? ["Disconnected"] : now;
  const title = [...what, "Ordo"].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
}

export function logIn() {
  enter();
  link.seen = link.behind = 0;
  forget();
  pnl.open();
  events.open();
  refresh();
}

export function logOut() {
  leave();
  pnl.shut();
  events.shut();
  showLink();
}
