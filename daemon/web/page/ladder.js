// The ladder: where profit stands between the floor or stop and nought.

import { element, put } from "./elements.js";
import { amount, entryOf, known, price } from "./figures.js";

function makeLadder(box) {
  const node = box.appendChild(element("div", "ladder"));
  const caption = node.appendChild(element("p", "caption"));
  const level = caption.appendChild(element("b", "num"));
  const room = caption.appendChild(element("span", "muted num"));
  const track = node.appendChild(element("div", "track"));
  track.setAttribute("aria-hidden", "true");
  const held = track.appendChild(element("i", "held"));
  const nought = track.appendChild(element("i", "nought"));
  const floor = track.appendChild(element("i", "floor"));
  const here = track.appendChild(element("i", "here"));
  return { node, level, room, track, held, nought, floor, here, high: 0, low: 0 };
}

export function showLadders({ node, byEntry }, entries, several) {
  const there = new Set(entries.map((one) => one.basket_id));
  for (const [id, ladder] of byEntry) {
    if (there.has(id)) continue;
    ladder.node.remove();
    byEntry.delete(id);
  }
  for (const one of entries) {
    if (!byEntry.has(one.basket_id)) byEntry.set(one.basket_id, makeLadder(node));
    showLadder(byEntry.get(one.basket_id), one, several && entryOf(one));
  }
}

function showLadder(ladder, one, entry) {
  const level = one.risk.current_sl;
  const locked = one.risk.status === "LOCKED";
  const has = known(level);
  const flat = one.status === "flat";
  const name = locked ? (flat ? "Floor was" : "Locked: floor") : flat ? "Stop was" : "Stop";
  const stands = has ? `${name} ${amount(level)}` : "No floor, no stop of the whole";
  put(ladder.level, entry ? `${entry[0].toUpperCase()}${entry.slice(1)}, at ${amount(one.pnl)}. ${stands}` : stands);
  put(ladder.room, has && !flat && known(one.pnl) ? `${price(Math.max(0, one.pnl - level))} away` : "");
  ladder.track.classList.toggle("locked", locked);
  ladder.floor.hidden = !has;
  const pnl = known(one.pnl) ? one.pnl : 0;
  ladder.here.hidden = !known(one.pnl);
  // The scale only ever widens, so the dot moves and the marks do not.
  ladder.low = Math.min(ladder.low, pnl, has ? level : 0);
  ladder.high = Math.max(ladder.high, pnl, has ? level : 0);
  const span = Math.max(ladder.high - ladder.low, 1);
  const place = (value) => 3 + (94 * (value - ladder.low)) / span;
  ladder.nought.style.left = `${place(0)}%`;
  ladder.here.style.left = `${place(pnl)}%`;
  if (has) ladder.floor.style.left = `${place(level)}%`;
  const from = place(Math.max(0, Math.min(has && locked ? level : 0, pnl)));
  ladder.held.hidden = pnl <= 0;
  ladder.held.style.left = `${from}%`;
  ladder.held.style.width = `${Math.max(0, place(pnl) - from)}%`;
  ladder.here.classList.toggle("gain", pnl > 0);
  ladder.here.classList.toggle("loss", pnl < 0);
}
