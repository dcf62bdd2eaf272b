// The daemon's status: its mode, its state, its latches and what was never read.

import { look } from "./asking.js";
import { cardOf, dropGone, showState } from "./cards.js";
import { now } from "./clock.js";
import { $, element, mark, put } from "./elements.js";
import { showKill } from "./kill.js";
import { showLatches } from "./latches.js";
import { link } from "./link.js";
import { PACE_MS, Question } from "./questions.js";
import { keyOf, standing } from "./standing.js";

const STATES = { running: ["good", "running"], paused: ["warn", "paused"], reduce_only: ["warn", "reduce only"], halted: ["bad", "halted"] };
const MODES = { paper: "simulated fills, no real money", live: "orders reach the exchange, real money moves" };

export const statusQuestion = new Question(askStatus, () => PACE_MS, tellUnheard);

async function askStatus() {
  const askedAt = now();
  showStatus(await look("/api/status"), askedAt);
}

function tellUnheard(why) {
  mark($("daemon"), "state", "warn");
  put($("daemon"), "unknown");
  return `The daemon does not say how it stands: ${why}. Latches and strategies are shown as they were.`;
}

function showStatus(status, askedAt) {
  mark($("mode"), "mode", status.mode);
  link.mode = String(status.mode).toUpperCase();
  put($("mode-name"), link.mode);
  put($("mode-means"), MODES[status.mode] ?? "");
  const [state, word] = STATES[status.state] ?? ["warn", String(status.state)];
  mark($("daemon"), "state", state);
  put($("daemon"), word);
  standing.taking = new Map(status.strategies.flatMap((one) => one.accounts.map((account) => [keyOf(one.strategy_id, account), one.taking])));
  standing.status = status;
  showUnread(status.unread, status.accounts);
  showLatches(status.latches, askedAt);
  showKill();
  for (const one of status.strategies) {
    for (const account of one.accounts) {
      const card = cardOf(one.strategy_id, account);
      card.waits = one.status;
      showState(card);
    }
  }
  dropGone();
}

// What was never read is not flat, whatever the figures say.
function showUnread(told, accounts) {
  const box = $("unread");
  while (box.children.length > told.length) box.lastChild.remove();
  told.forEach((one, at) => {
    const node = box.children[at] ?? box.appendChild(element("article", "latch"));
    if (!node.firstChild) node.append(element("h3"), element("p", "why"));
    const what = accounts.some((each) => each.account === one.account) ? "Book not read" : "No prices";
    put(node.firstChild, `${what}: ${one.account}, ${String(one.mode).toUpperCase()}`);
    put(node.lastChild, one.text);
  });
}
