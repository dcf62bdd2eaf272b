// Profit and loss: of all together, of each account, and of each strategy; and the market's clock.

import { showStrategies } from "./cards.js";
import { $, element, mark, put, putAmount } from "./elements.js";
import { amount, dayName, known, price, sum, turnTo } from "./figures.js";
import { link } from "./link.js";

export function showPnl(message) {
  const [day, clock] = String(message.market_time ?? "").split("T");
  put($("clock"), clock ? clock.slice(0, 8) : "--:--:--");
  put($("date"), day || "----------");
  turnTo(day);
  const alive = message.feed?.alive;
  mark($("feed"), "state", alive ? "good" : "bad");
  put($("feed"), alive ? "alive" : "dead");
  const watched = message.strategies;
  // Money and what is simulated are never added up; each account has its own sum below.
  const mixed = new Set((message.accounts ?? []).map((one) => one.mode)).size > 1;
  const counted = mixed ? watched.filter((one) => one.mode === "live") : watched;
  const total = sum(counted.map((one) => one.today));
  const [realised, unrealised] = ["realised", "unrealised"].map((name) => sum(counted.map((one) => one[name])));
  const charges = sum(counted.map((one) => one.charges));
  const of = message.date && message.date !== day ? ` of ${dayName(message.date)}` : ""; // today's has not begun
  put($("total-name"), `Total P&L${of || " today"}${mixed ? ", live accounts alone" : ""}`);
  putAmount($("total-pnl"), total);
  putAmount($("total-realised"), realised);
  putAmount($("total-unrealised"), unrealised);
  const before = known(total) ? sum([total, -realised, -unrealised]) : null; // what was made on days before is none of today's
  putAmount($("total-before"), before);
  $("total-before").parentNode.hidden = known(before) && Math.abs(before) <= 0.005;
  put($("total-charges"), charges === null ? "unknown" : price(charges));
  putAmount($("total-net"), charges === null || total === null ? null : sum([total, -charges]));
  link.profit = alive && known(total) ? amount(total) + of : "";
  showAccounts(message.accounts ?? []);
  showStrategies(watched, message.feed?.asked === true);
}

function showAccounts(accounts) {
  const box = $("accounts");
  while (box.children.length > accounts.length) box.lastChild.remove();
  accounts.forEach((account, at) => {
    const line = box.children[at] ?? box.appendChild(element("span"));
    if (!line.firstChild) line.append(element("span"), " ", element("b", "num"));
    put(line.firstChild, `${account.account}, ${String(account.mode ?? "").toUpperCase()}`);
    putAmount(line.lastChild, account.today);
  });
  box.hidden = accounts.length < 2; // the only one would repeat the total
  $("strategies").classList.toggle("several", accounts.length > 1);
}
