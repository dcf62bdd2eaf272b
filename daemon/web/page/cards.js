// The strategies' cards: what each makes, whether it takes entries, and the switch for that.

import { act } from "./asking.js";
import { $, element, isSecond, put, putAmount } from "./elements.js";
import { known, price, sum } from "./figures.js";
import { showLadders } from "./ladder.js";
import { makeTable, showLegs } from "./legs.js";
import { hindrance, keyOf, standing } from "./standing.js";

const cards = new Map();
let inStream = new Set();

// Of each of its entries the stream has one row, the oldest first. Of a dead feed, quotes may be asked for.
export function showStrategies(watched, asked) {
  const entries = new Map();
  for (const one of watched) {
    const key = keyOf(one.strategy_id, one.account);
    entries.set(key, [...(entries.get(key) ?? []), one]);
  }
  for (const each of entries.values()) showStrategy(each, asked);
  inStream = new Set(entries.keys());
  for (const [key, card] of cards) if (!inStream.has(key)) clear(card);
  dropGone();
}

// What the daemon tells of no more is over: no figure and no guard of it is of now.
function clear(card) {
  card.watched = "";
  for (const part of [card.figures, card.body.parentNode]) part.hidden = true;
  for (const row of [...card.legs.values(), ...card.ladders.byEntry.values()]) row.node.remove();
  card.legs.clear();
  card.ladders.byEntry.clear();
  showState(card);
}

export function dropGone() {
  for (const [key, card] of cards) {
    if (standing.taking.has(key) || inStream.has(key)) continue; // what it made today stays in sight
    card.node.remove();
    cards.delete(key);
  }
}

// A strategy has a card in each account that it trades in, with all that it entered there.
export function cardOf(id, account) {
  const key = keyOf(id, account);
  if (!cards.has(key)) {
    cards.set(key, makeCard(id, account));
    $("none").hidden = true;
    $("strategies").append(cards.get(key).node);
  }
  return cards.get(key);
}

function named(list, name, className = "num") {
  const row = list.appendChild(element("div"));
  row.append(element("dt", "", name));
  return row.appendChild(element("dd", className, "\u2013"));
}

function makeCard(id, account) {
  const node = element("article", "card");
  const head = node.appendChild(element("header"));
  const title = head.appendChild(element("div"));
  title.append(element("h3", "", id), element("p", "account", account));
  const status = title.appendChild(element("p", "status", " "));
  const button = head.appendChild(element("button", "act", "Start entries"));
  button.type = "button";
  button.onclick = (event) => isSecond(event) || switchEntries(card);
  const figures = node.appendChild(element("div", "figures"));
  figures.hidden = true; // until there is something to show
  const big = figures.appendChild(element("p", "big num", "\u2013"));
  const parts = figures.appendChild(element("dl", "parts"));
  const ladders = { node: figures.appendChild(element("div", "ladders")), byEntry: new Map() };
  const card = { id, account, node, status, button, figures, big, legs: new Map(), watched: "", waits: "", ladders };
  card.realised = named(parts, "Realised");
  card.unrealised = named(parts, "Unrealised");
  card.charges = named(parts, "Charges");
  card.body = makeTable(node);
  return card;
}

async function switchEntries({ id, account, button }) {
  const verb = standing.taking.get(keyOf(id, account)) ? "stop" : "start";
  button.disabled = true;
  await act(`/api/strategies/${encodeURIComponent(id)}/${verb}`, {}, `${id} could not be ${verb === "stop" ? "stopped" : "started"}`);
  button.disabled = false;
}

function showStrategy(entries, asked) {
  const card = cardOf(entries[0].strategy_id, entries[0].account);
  card.figures.hidden = false;
  const [pnl, realised, unrealised, charges] = ["pnl", "realised", "unrealised", "charges"].map((name) => sum(entries.map((one) => one[name])));
  putAmount(card.big, pnl);
  putAmount(card.realised, realised);
  putAmount(card.unrealised, unrealised);
  put(card.charges, known(charges) ? price(charges) : "unknown");
  const open = entries.filter((one) => one.status !== "flat");
  card.watched = [...new Set((open.length ? open : entries).map((one) => one.status))].join(", ");
  showState(card);
  showLadders(card.ladders, open.length ? open : entries.slice(-1), entries.length > 1);
  showLegs(card, entries, asked);
}

// A strategy is started and stopped in all its accounts, whichever card that is pressed on.
function everywhere({ id }) {
  const accounts = standing.status.strategies.find((one) => one.strategy_id === id)?.accounts ?? [];
  if (accounts.length < 2) return "";
  return accounts.length > 2 ? ` in all ${accounts.length} accounts` : ` in ${accounts.join(" and ")}`;
}

export function showState(card) {
  const takes = standing.taking.get(keyOf(card.id, card.account)); // undefined: it does not trade there any more
  const entries = takes === undefined ? "" : hindrance(card) || (takes ? "takes entries" : "takes no entries");
  const does = card.watched || (card.waits === "stopped" ? "" : card.waits);
  put(card.status, [does, entries].filter(Boolean).join(" · ") || " ");
  card.button.hidden = takes === undefined;
  put(card.button, `${takes ? "Stop" : "Start"} entries${everywhere(card)}`);
  card.button.title = takes ? "Take no more entries; what is open stays guarded" : "Take entries";
}
