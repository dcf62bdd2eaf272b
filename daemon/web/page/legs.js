// The legs of a strategy: a row each, and what guards it.

import { element, put } from "./elements.js";
import { age, amount, entryOf, price, spoken, units } from "./figures.js";

const ASKED = { no_price: "its quote is asked for" };
const WHOSE = { external: "not ours: no stop", manual: "by hand: no stop" };
const WHY = {
  no_rule: "no stop holds it",
  no_entry_price: "entry price unknown",
  not_subscribed: "no prices asked for",
  link_dead: "the feed is dead",
  index_silent: "its index is silent",
  no_price: "no price yet",
  other_unpriced: "another leg has no price",
  not_watched: "watchdog is late",
  orders_closed: "no exit can be sent",
  exit_overdue: "an exit is overdue",
};

const COLUMNS = [
  ["Qty", (leg) => units(leg.quantity)],
  ["Entry", (leg) => price(leg.entry)],
  ["LTP", (leg) => price(leg.ltp)],
  ["Age", (leg) => age(leg.age_ms)],
  ["P&L", (leg) => amount(leg.pnl)],
  ["Stop", (leg) => price(leg.stop)],
  ["Target", (leg) => price(leg.target)],
];

export function makeTable(node) {
  const table = node.appendChild(element("table"));
  const row = table.appendChild(element("thead")).appendChild(element("tr"));
  for (const name of ["Leg", ...COLUMNS.map(([title]) => title), "Guard"]) {
    const cell = row.appendChild(element("th", "", name));
    cell.scope = "col";
  }
  table.hidden = true;
  return table.appendChild(element("tbody"));
}

const rowOf = (one, leg) => `${one.basket_id} ${leg.leg_id}`;

export function showLegs(card, entries, asked) {
  const several = entries.length > 1;
  const legs = entries.flatMap((one) => one.legs.map((leg) => [rowOf(one, leg), leg, one]));
  const there = new Set(legs.map(([key]) => key));
  for (const [key, row] of card.legs) {
    if (!there.has(key)) {
      row.node.remove();
      card.legs.delete(key);
    }
  }
  const words = { ...WHY, ...(asked ? ASKED : {}), ...(card.id in WHOSE ? { no_rule: WHOSE[card.id] } : {}) };
  for (const [key, leg, one] of legs) {
    if (!card.legs.has(key)) card.legs.set(key, makeRow(card));
    showLeg(card.legs.get(key), leg, several ? entryOf(one) : "", words);
  }
  card.body.parentNode.hidden = legs.length === 0;
}

function makeRow(card) {
  const node = card.body.appendChild(element("tr"));
  const first = node.appendChild(element("td"));
  const side = first.appendChild(element("span", "side"));
  const symbol = first.appendChild(element("span", "symbol num"));
  first.append(" ");
  const expiry = first.appendChild(element("span", "expiry"));
  first.append(" ");
  const entry = first.appendChild(element("span", "expiry"));
  const cells = COLUMNS.map(([name]) => {
    const cell = node.appendChild(element("td", "num"));
    cell.dataset.name = name;
    return cell;
  });
  const last = node.appendChild(element("td"));
  last.dataset.name = "Guard";
  const guard = last.appendChild(element("span", "guard"));
  return { node, first, side, symbol, expiry, entry, cells, last, guard };
}

function showLeg(row, leg, entry, words) {
  const [name, expiry] = spoken(leg.symbol);
  put(row.side, leg.side.toUpperCase());
  put(row.symbol, name);
  put(row.expiry, expiry);
  put(row.entry, entry && `· ${entry}`);
  row.first.title = `${leg.leg_id}: ${leg.symbol}`;
  COLUMNS.forEach(([, text], at) => put(row.cells[at], text(leg)));
  const profit = row.cells[4];
  profit.classList.toggle("gain", leg.pnl > 0);
  profit.classList.toggle("loss", leg.pnl < 0);
  const because = (leg.unguarded_because ?? []).map((word) => words[word] ?? word);
  const flat = leg.quantity === 0;
  row.guard.className = flat ? "guard flat" : leg.guarded ? "guard" : "guard bare";
  row.last.classList.toggle("bare", !flat && !leg.guarded);
  put(row.guard, flat ? "closed" : leg.guarded ? "guarded" : because.join(", ") || "not guarded");
}
