// Ordo's page. Everything that comes from the daemon reaches the document as text, never as markup.

const HOLD_MS = 1200;
const AWAY_PX = 60;
const SILENCE_MS = 3000; // the daemon promises a message a second
const GONE_MS = 2 * SILENCE_MS; // and an empty one every two seconds where nothing is recorded
const STATUS_MS = 2000;
const KILLING_MS = 400;
const LATE_MS = 6000; // the daemon itself gives up an answer after five seconds
const BACKOFF_MS = [400, 800, 1600, 3200, 6000];
const ANSWER_MS = 8000;
const WRITE_TRIES = 4;
const KILL_ANSWER_MS = 2500; // who kills must not wait to hear of the other way
const KILL_TRIES = 10;
const PAUSE_MS = 1000;
const LINES = 60;
const MINUS = "\u2212";
const STAGES = ["cancelling", "closing", "verifying", "flat"];
const UNKNOWN = { stage: "unknown" };
const UNWRITTEN = "latch_unwritten";
const SAID = {
  cancelling: "Taking every working order back. Left:",
  closing: "Closing what the broker shows. Left:",
  verifying: "Reading the broker's book until it says flat twice.",
  flat: "Everything is flat. Entries stay stopped until you rearm.",
  incomplete: "Not flat in time; it goes on being tried. Look at your broker. Left:",
};
const ASKED = { no_price: "its quote is asked for" };
const WHOSE = { external: "not ours: no stop", manual: "by hand: no stop" };
const WHY = {
  no_rule: "no stop holds it",
  no_entry_price: "entry price unknown",
  not_subscribed: "no prices asked for",
  link_dead: "the feed is dead",
  no_price: "no price yet",
  other_unpriced: "another leg has no price",
  not_watched: "watchdog is late",
  orders_closed: "no exit can be sent",
  exit_overdue: "an exit is overdue",
};

// Time that only rises, in ms, for all that lasts: a clock may be put back, and another stand still
// while the machine sleeps, so whichever has gone on more since the last call tells how much.
const time = { at: Date.now(), page: performance.now(), wall: Date.now() };
function now() {
  const [page, wall] = [performance.now(), Date.now()];
  time.at += Math.max(page - time.page, wall - time.wall, 0);
  [time.page, time.wall] = [page, wall];
  return time.at;
}

const $ = (id) => document.getElementById(id);

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

// ---- figures -------------------------------------------------------------------------------

// Half to even, as a terminal shows them.
const grouped = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2, roundingMode: "halfEven" });
const whole = new Intl.NumberFormat("en-IN");
const known = (value) => typeof value === "number";

function amount(value) {
  if (!known(value)) return "\u2013";
  const sign = value > 0 ? "+" : value < 0 ? MINUS : "";
  return sign + grouped.format(Math.abs(value));
}

const price = (value) => (known(value) ? grouped.format(value) : "\u2013");
const units = (value) => (value < 0 ? MINUS : "") + whole.format(Math.abs(value));

function age(ms) {
  if (!known(ms)) return "\u2013";
  if (ms < 10_000) return (ms / 1000).toFixed(1) + " s";
  if (ms < 120_000) return Math.round(ms / 1000) + " s";
  return Math.round(ms / 60_000) + " min";
}

function putAmount(node, value) {
  put(node, amount(value));
  node.classList.toggle("gain", value > 0);
  node.classList.toggle("loss", value < 0);
}

// Amounts are exact to 1/10,000, and so are their sums.
const sum = (values) => (values.every(known) ? values.reduce((a, b) => a + Math.round(b * 10_000), 0) / 10_000 : null);

// NIFTY-2026-11-23-24550-CE -> ["NIFTY 24550 CE", "23 Nov"]
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function spoken(symbol) {
  const parts = /^(.+)-(\d{4})-(\d\d)-(\d\d)-(?:([\d.]+)-)?([A-Z]+)$/.exec(symbol);
  if (!parts) return [symbol, ""];
  const [, underlying, , month, day, strike, kind] = parts;
  const expiry = `${Number(day)} ${MONTHS[Number(month) - 1] ?? ""}`;
  return [[underlying, strike, kind].filter(Boolean).join(" "), expiry];
}

// 2026-11-27 -> "Friday 27 November"
const [weekday, dayOfYear] = [{ weekday: "long" }, { day: "numeric", month: "long" }].map((form) => new Intl.DateTimeFormat("en-GB", { ...form, timeZone: "UTC" }));
function dayName(date) {
  const noon = new Date(`${date}T12:00:00Z`);
  return `${weekday.format(noon)} ${dayOfYear.format(noon)}`;
}

// ---- speaking with the daemon --------------------------------------------------------------

// Status 0: nobody answered.
class Refused extends Error {
  constructor(status, text, code = "") {
    super(text);
    this.status = status;
    this.code = code;
  }
}

function requestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "page-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function call(method, path, { body, id, waitMs = ANSWER_MS } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (id) headers["X-Request-Id"] = id;
  const request = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) request.body = JSON.stringify(body);
  const [response, text] = await fetched(path, { ...request, signal: AbortSignal.timeout(waitMs) });
  let told = {};
  try {
    told = text ? JSON.parse(text) : {};
  } catch {
    throw new Refused(response.status, "the answer could not be read");
  }
  if (!response.ok) throw new Refused(response.status, told.detail || told.title || `status ${response.status}`, told.code);
  return told;
}

async function fetched(path, request) {
  try {
    const response = await fetch(path, request);
    return [response, await response.text()];
  } catch {
    throw new Refused(0, "the daemon did not answer");
  }
}

// A write that brought no answer is repeated under its own id: the daemon acts on it once. A latch
// that the disk refused is an answer: the daemon acts, and a repeat would find the same disk.
async function write(path, body, { waitMs = ANSWER_MS, most = WRITE_TRIES, failed = () => {} } = {}) {
  const id = requestId();
  for (let tries = 1; ; tries += 1) {
    try {
      return await call("POST", path, { body, id, waitMs });
    } catch (error) {
      const answered = error.status > 0 && error.status < 500;
      if (answered || error.code === UNWRITTEN || tries === most) throw error;
      failed(error);
      await new Promise((done) => setTimeout(done, Math.min(300 * tries, PAUSE_MS)));
    }
  }
}

function tell(text) {
  put($("told-text"), text);
  $("told").hidden = false;
}

async function act(path, body, failed) {
  try {
    await write(path, body);
    $("told").hidden = true;
  } catch (error) {
    if (error.status === 401) logOut();
    tell(`${failed}: ${error.message}`);
  }
  refresh();
}

// ---- the link ------------------------------------------------------------------------------

const link = { seen: 0, behind: 0, started: now(), in: false, mode: "", profit: "" };

class Channel {
  constructor(path, take) {
    this.path = path;
    this.take = take;
    this.failures = 0;
    this.socket = null;
    this.timer = 0;
    this.due = 0;
    this.opened = 0;
    this.heard = 0; // when its newest message came
    this.apart = null; // what the daemon's clock and ours differ by
  }

  open() {
    this.shut();
    const address = new URL(this.path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    this.opened = now();
    this.apart = null;
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.failures = 0;
      this.heard = now();
      this.take(JSON.parse(message.data));
    };
    socket.onclose = () => {
      if (socket === this.socket) this.later();
    };
  }

  // How long a message was on its way, in ms: that of the quickest counts as nothing, so it does not
  // matter what a clock is set to. The first was made after this connection was asked for.
  wayOf(message) {
    const made = Date.parse(message.at);
    const came = now();
    this.apart = Math.min(this.apart ?? this.opened - made, came - made);
    return came - made - this.apart;
  }

  speaks() {
    return this.socket !== null && this.heard >= this.opened && now() - this.heard < GONE_MS;
  }

  // One that is open and silent is given up: its line may be dead, and nobody says so.
  watch() {
    if (this.socket && now() - Math.max(this.opened, this.heard) > GONE_MS) this.later();
  }

  shut() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.due = 0;
    if (socket) socket.close();
  }

  // Again after a while that grows, and is a little different for every page.
  async later() {
    this.shut();
    const most = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)];
    const wait = most * (0.5 + Math.random() / 2);
    this.failures += 1;
    this.due = now() + wait;
    this.timer = setTimeout(() => link.in && this.open(), wait);
    await refresh(); // tells whether we are still logged in
  }
}

const pnl = new Channel("/ws/pnl", (message) => {
  link.seen = now();
  link.behind = pnl.wayOf(message);
  showPnl(message);
  if (link.behind > SILENCE_MS) pnl.later(); // what queues on a slow line goes with its connection
  showLink();
});
const events = new Channel("/ws/events", showEvents);

function showLink() {
  for (const each of [pnl, events]) each.watch();
  $("deaf").hidden = events.speaks();
  const silent = now() - (link.seen || link.started);
  const behind = link.behind > SILENCE_MS;
  const cut = link.in && (silent > SILENCE_MS || behind || (pnl.socket === null && pnl.due > 0));
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

function logIn() {
  link.in = true;
  link.seen = link.behind = 0;
  $("out").hidden = true;
  put($("out-why"), "");
  for (const id of ["total", "strategies", "news"]) $(id).hidden = false;
  $("kill").disabled = false;
  link.started = now();
  for (const each of QUESTIONS) each.heard = 0;
  pnl.open();
  events.open();
  refresh();
}

function logOut() {
  link.in = false;
  pnl.shut();
  events.shut();
  $("out").hidden = false;
  for (const id of ["total", "strategies", "news"]) $(id).hidden = true;
  $("kill").disabled = true;
  showLink();
}

// ---- profit and loss -----------------------------------------------------------------------

const cards = new Map();
let taking = new Map();
let standing = { state: "", accounts: [], strategies: [], unread: [] }; // the newest status
let inStream = new Set();
let asked = false; // quotes are asked for in place of a feed that is dead

function showPnl(message) {
  const [day, clock] = String(message.market_time ?? "").split("T");
  put($("clock"), clock ? clock.slice(0, 8) : "--:--:--");
  put($("date"), day || "----------");
  const alive = message.feed?.alive;
  mark($("feed"), "state", alive ? "good" : "bad");
  asked = message.feed?.asked === true;
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
  const entries = new Map();
  for (const one of watched) {
    const key = keyOf(one.strategy_id, one.account);
    entries.set(key, [...(entries.get(key) ?? []), one]);
  }
  for (const each of entries.values()) showStrategy(each);
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

function dropGone() {
  for (const [key, card] of cards) {
    if (taking.has(key) || inStream.has(key)) continue; // what it made today stays in sight
    card.node.remove();
    cards.delete(key);
  }
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

// A strategy has a card in each account that it trades in, with all that it entered there.
const keyOf = (id, account) => `${id}@${account}`;

function cardOf(id, account) {
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

function makeTable(node) {
  const table = node.appendChild(element("table"));
  const row = table.appendChild(element("thead")).appendChild(element("tr"));
  for (const name of ["Leg", ...COLUMNS.map(([title]) => title), "Guard"]) {
    const cell = row.appendChild(element("th", "", name));
    cell.scope = "col";
  }
  table.hidden = true;
  return table.appendChild(element("tbody"));
}

const COLUMNS = [
  ["Qty", (leg) => units(leg.quantity)],
  ["Entry", (leg) => price(leg.entry)],
  ["LTP", (leg) => price(leg.ltp)],
  ["Age", (leg) => age(leg.age_ms)],
  ["P&L", (leg) => amount(leg.pnl)],
  ["Stop", (leg) => price(leg.stop)],
  ["Target", (leg) => price(leg.target)],
];

// What a first click did may have put another meaning under the pointer by the second.
function isSecond(event) {
  return event.detail > 1;
}

async function switchEntries({ id, account, button }) {
  const verb = taking.get(keyOf(id, account)) ? "stop" : "start";
  button.disabled = true;
  await act(`/api/strategies/${encodeURIComponent(id)}/${verb}`, {}, `${id} could not be ${verb === "stop" ? "stopped" : "started"}`);
  button.disabled = false;
}

// Of each of its entries the stream has one row, the oldest first.
function showStrategy(entries) {
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
  const several = entries.length > 1;
  showLadders(card.ladders, open.length ? open : entries.slice(-1), several);
  const legs = entries.flatMap((one) => one.legs.map((leg) => [rowOf(one, leg), leg, one]));
  const there = new Set(legs.map(([key]) => key));
  for (const [key, row] of card.legs) {
    if (!there.has(key)) {
      row.node.remove();
      card.legs.delete(key);
    }
  }
  for (const [key, leg, one] of legs) showLeg(card, key, leg, several ? entryOf(one) : "");
  card.body.parentNode.hidden = legs.length === 0;
}

const rowOf = (one, leg) => `${one.basket_id} ${leg.leg_id}`;

// straddle:2026-11-27 -> "entry of 27 Nov"; what was never entered has no name
function entryOf({ basket_id }) {
  const parts = /:\d{4}-(\d\d)-(\d\d)$/.exec(basket_id);
  if (!parts) return basket_id && `entry ${basket_id}`;
  return `entry of ${Number(parts[2])} ${MONTHS[Number(parts[1]) - 1] ?? ""}`;
}

function showState(card) {
  const takes = taking.get(keyOf(card.id, card.account)); // undefined: it does not trade there any more
  const entries = takes === undefined ? "" : hindrance(card) || (takes ? "takes entries" : "takes no entries");
  const does = card.watched || (card.waits === "stopped" ? "" : card.waits);
  put(card.status, [does, entries].filter(Boolean).join(" · ") || " ");
  card.button.hidden = takes === undefined;
  put(card.button, takes ? "Stop entries" : "Start entries");
  card.button.title = takes ? "Take no more entries; what is open stays guarded" : "Take entries";
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

function showLeg(card, key, leg, entry) {
  if (!card.legs.has(key)) card.legs.set(key, makeRow(card));
  const row = card.legs.get(key);
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
  const why = { ...WHY, ...(asked ? ASKED : {}), ...(card.id in WHOSE ? { no_rule: WHOSE[card.id] } : {}) };
  const because = (leg.unguarded_because ?? []).map((word) => why[word] ?? word);
  const flat = leg.quantity === 0;
  row.guard.className = flat ? "guard flat" : leg.guarded ? "guard" : "guard bare";
  row.last.classList.toggle("bare", !flat && !leg.guarded);
  put(row.guard, flat ? "closed" : leg.guarded ? "guarded" : because.join(", ") || "not guarded");
}

// ---- the ladder: where profit stands between the floor or stop and nought --------------------

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

function showLadders({ node, byEntry }, entries, several) {
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

// ---- events --------------------------------------------------------------------------------

function showEvents(message) {
  const list = $("lines");
  if (message.type === "snapshot") list.replaceChildren();
  for (const item of message.events) {
    const line = element("li");
    mark(line, "kind", item.kind);
    const when = line.appendChild(element("time", "num", String(item.at).slice(11, 19)));
    when.dateTime = item.at;
    line.append(element("span", "kind", item.kind), element("span", "what", item.text));
    list.prepend(line);
  }
  while (list.children.length > LINES) list.lastChild.remove();
  if (!list.firstChild) list.append(element("li", "none", "Nothing has been recorded yet."));
  else if (list.children.length > 1) list.querySelector("li.none")?.remove();
  if (message.events.some((item) => item.kind !== "order")) refresh();
}

// ---- state, latches, and how far a kill has come ---------------------------------------------

const STATES = { running: ["good", "running"], paused: ["warn", "paused"], reduce_only: ["warn", "reduce only"], halted: ["bad", "halted"] };
const MODES = { paper: "simulated fills, no real money", live: "orders reach the exchange, real money moves" };
const latches = new Map();

// Asked again and again, one at a time; whoever asks meanwhile gets another answer afterwards. Each
// goes its own way: what one of them is not answered keeps no other off the page.
class Question {
  constructor(ask, pace) {
    this.ask = ask;
    this.pace = pace;
    this.heard = 0; // when it was last answered
    this.why = ""; // it is not
    this.asking = null;
    this.again = false;
    this.timer = 0;
  }

  now() {
    if (this.asking) {
      this.again = true;
      return this.asking;
    }
    clearTimeout(this.timer);
    this.asking = this.put().finally(() => this.later());
    return this.asking;
  }

  async put() {
    try {
      await this.ask();
      this.heard = now();
      this.why = "";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.why = error.message;
    }
  }

  later() {
    this.asking = null;
    if (this.again) {
      this.again = false;
      this.now();
    } else if (link.in || $("out").hidden) this.timer = setTimeout(() => this.now(), this.pace());
  }

  late() {
    return link.in && now() - (this.heard || link.started) > LATE_MS;
  }
}

const questions = {
  status: new Question(askStatus, () => STATUS_MS),
  alerts: new Question(askAlerts, () => STATUS_MS),
  stages: new Question(askStages, () => (killing() ? KILLING_MS : STATUS_MS)),
};
const QUESTIONS = Object.values(questions);

function refresh() {
  return Promise.all(QUESTIONS.map((each) => each.now()));
}

// Whichever answer comes first tells whether we are let in.
async function look(path) {
  try {
    const told = await call("GET", path);
    if (!link.in) logIn();
    return told;
  } catch (error) {
    if (error.status === 401) logOut();
    throw error;
  }
}

async function askStatus() {
  const askedAt = now();
  showStatus(await look("/api/status"), askedAt);
}

async function askAlerts() {
  showAlerts((await look("/api/alerts")).alerts);
}

// What is not answered any more is said, and is not shown as if it were so now.
function showUnheard(cut) {
  const { status, alerts } = questions;
  const lines = [];
  if (status.late()) {
    mark($("daemon"), "state", "warn");
    put($("daemon"), "unknown");
    lines.push(`The daemon does not say how it stands: ${status.why || "no answer yet"}. Latches and strategies are shown as they were.`);
  }
  if (alerts.late()) lines.push(`The daemon does not tell its alerts: ${alerts.why || "no answer yet"}. There may be new ones.`);
  put($("unheard"), lines.join(" "));
  $("unheard").hidden = cut || lines.length === 0; // a cut link says it all
}

function showStatus(status, askedAt) {
  mark($("mode"), "mode", status.mode);
  link.mode = String(status.mode).toUpperCase();
  put($("mode-name"), link.mode);
  put($("mode-means"), MODES[status.mode] ?? "");
  const [state, word] = STATES[status.state] ?? ["warn", String(status.state)];
  mark($("daemon"), "state", state);
  put($("daemon"), word);
  taking = new Map(status.strategies.flatMap((one) => one.accounts.map((account) => [keyOf(one.strategy_id, account), one.taking])));
  standing = status;
  showUnread(status.unread);
  showLatches(status.latches, askedAt);
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
function showUnread(told) {
  const box = $("unread");
  while (box.children.length > told.length) box.lastChild.remove();
  told.forEach((one, at) => {
    const node = box.children[at] ?? box.appendChild(element("article", "latch"));
    if (!node.firstChild) node.append(element("h3"), element("p", "why"));
    put(node.firstChild, `Book not read: ${one.account}, ${String(one.mode).toUpperCase()}`);
    put(node.lastChild, one.text);
  });
}

function stopped({ id, account }) {
  const reaches = {
    all: () => true,
    strategy: (name) => name === id || name === `${id}@${account}`,
    account: (name) => name === account,
  };
  return [...latches.values()].some(({ latch }) => reaches[latch.scope]?.(latch.id));
}

// What keeps a strategy from entering, though it was started: the gravest alone, as `ordo status` does.
function hindrance(card) {
  const isThere = (one) => one.account === card.account;
  const account = standing.accounts.find(isThere);
  if (stopped(card)) return "entries stopped by a latch";
  if (standing.state === "reduce_only") return "no entries: reduce only";
  if (account?.paused) return `no entries: ${account.paused}`;
  if (account?.reconciled === false || standing.unread.some(isThere)) return "no entries: book not read";
  if (account?.mode !== "live") return "";
  if (!standing.strategies.find((one) => one.strategy_id === card.id)?.live) return "no entries: live = false";
  return account.armed ? "" : "no entries: not armed";
}

const isKill = (latch) => latch.kind === "kill";
// What is flat may close again, but is looked at no more often than the rest.
const killing = () => [...latches.values()].some((box) => box.killed && !["flat", "unknown"].includes(box.stage));

function showLatches(standing, askedAt) {
  const there = new Set(standing.map((latch) => latch.latch_id));
  for (const [id, box] of latches) {
    if (there.has(id) || box.accepted > askedAt) continue; // it was accepted after this was asked
    box.node.remove();
    latches.delete(id);
  }
  for (const latch of standing) {
    if (!latches.has(latch.latch_id)) latches.set(latch.latch_id, makeLatch(latch));
    else tellWhy(latches.get(latch.latch_id), latch);
  }
  showKill();
  if ([...latches.values()].some((box) => box.killed && !box.stage)) questions.stages.now();
}

// A flat one is asked as well: what arrives late is closed, and that must be seen.
async function askStages() {
  await Promise.all([...latches.values()].filter((box) => box.killed).map(askStage));
}

async function askStage(box) {
  const id = box.latch.latch_id;
  try {
    const told = await look(`/api/kill/${encodeURIComponent(id)}`);
    box.heard = now();
    showStage(box, told, SAID[told.stage] ?? "");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) return; // we are logged out, and nothing is heard of anything
    const stands = "Look at your broker; entries stay stopped until you rearm.";
    if (error.status === 404) showStage(box, UNKNOWN, `No account of this run knows of ${id}, so nobody says how far it has come. ${stands}`);
    else if (now() - box.heard > LATE_MS) showStage(box, UNKNOWN, `${id} stands, and how far it has come is not answered: ${error.message}. ${stands}`);
  }
}

function makeLatch(latch) {
  const killed = isKill(latch);
  const node = element("article", killed ? "latch killed" : "latch");
  const words = node.appendChild(element("div"));
  const reach = latch.scope === "all" ? "everything" : `${latch.scope} ${latch.id}`;
  words.append(element("h3", "", `${killed ? "KILLED" : "Paused"}: ${reach}`));
  const why = words.appendChild(element("p", "why"));
  node.append(makeRelease(latch));
  const box = { latch, node, why, killed, stage: "", lines: "", heard: now(), accepted: 0 };
  tellWhy(box, latch);
  if (killed) {
    box.steps = node.appendChild(element("ol", "steps"));
    for (const stage of STAGES) box.steps.append(element("li", "", stage[0].toUpperCase() + stage.slice(1)));
    box.said = node.appendChild(element("p", "said"));
    box.left = node.appendChild(element("ul", "left"));
  }
  $("latches").append(node);
  return box;
}

function tellWhy(box, latch) {
  const when = latch.at ? `, at ${String(latch.at).slice(11, 19)}` : "";
  put(box.why, `by ${latch.by || "somebody"}${when}${latch.reason ? `: ${latch.reason}` : ""}`);
}

function makeRelease(latch) {
  const box = element("div", "release");
  const killed = isKill(latch);
  const first = box.appendChild(element("button", "rearm", killed ? "Rearm…" : "Release…"));
  const question = box.appendChild(element("span", "", "Let entries be taken again?"));
  const yes = box.appendChild(element("button", "yes", killed ? "Yes, rearm" : "Yes, release"));
  const no = box.appendChild(element("button", "no", "No"));
  const turn = (asked) => {
    first.hidden = asked;
    for (const part of [question, yes, no]) part.hidden = !asked;
  };
  for (const button of [first, yes, no]) button.type = "button";
  first.onclick = () => {
    turn(true);
    no.focus();
  };
  no.onclick = () => {
    turn(false);
    first.focus();
  };
  yes.onclick = async () => {
    yes.disabled = true;
    await act("/api/rearm", { kill_id: latch.latch_id }, "It was not released");
    yes.disabled = false;
    turn(false);
  };
  turn(false);
  return box;
}

function showStage(box, told, said) {
  box.stage = told.stage;
  const at = STAGES.indexOf(told.stage); // of an incomplete one nothing is known to be done
  [...box.steps.children].forEach((step, number) => {
    if (told.stage === "incomplete") step.className = number === 3 ? "failed" : "";
    else step.className = number < at || told.stage === "flat" ? "done" : number === at ? "now" : "";
  });
  mark(box.node, "stage", told.stage);
  put(box.said, said);
  const lines = [...(told.left ?? []), ...(told.because ?? [])].map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
  if (box.lines !== lines.join("\n")) {
    box.lines = lines.join("\n");
    box.left.replaceChildren(...lines.map((line) => element("li", "", line)));
  }
}

// ---- alerts: what somebody must know of, until he says that he does ---------------------------

const alerts = new Map();

function showAlerts(told) {
  const open = new Map(
    told
      .filter((one) => one.cleared_at === null && one.acknowledged_by === null)
      .map((one) => [`${one.alert_id} at ${one.level}`, one]),
  );
  for (const [key, node] of alerts) {
    if (open.has(key)) continue;
    node.remove();
    alerts.delete(key);
  }
  for (const [key, one] of open) if (!alerts.has(key)) alerts.set(key, makeAlert(one));
}

function makeAlert(one) {
  const critical = one.severity === "critical";
  const node = element("article", critical ? "latch killed" : "latch");
  const words = node.appendChild(element("div"));
  words.append(element("h3", "", critical ? `ALERT, level ${one.level}` : "Alert"));
  words.append(element("p", "why", `${String(one.at).slice(11, 19)} ${one.sentence}`));
  const box = node.appendChild(element("div", "release"));
  const seen = box.appendChild(element("button", "seen", "I have seen it"));
  seen.type = "button";
  seen.onclick = async (event) => {
    if (isSecond(event)) return;
    seen.disabled = true;
    await act(`/api/alerts/${encodeURIComponent(one.alert_id)}/acknowledge`, {}, "It was not acknowledged");
    seen.disabled = false;
  };
  $("alerts").append(node);
  return node;
}

// ---- kill: hold to confirm -------------------------------------------------------------------

const kill = $("kill");
const KILL = { scope: "all", reason: "held on the page" };
let held = 0;
let sending = false;

function showKill() {
  const all = [...latches.values()].some((box) => box.killed && box.latch.scope === "all");
  kill.classList.toggle("sent", all || sending);
  put($("kill-label"), all ? "Killed" : sending ? "Killing…" : held ? "Keep holding…" : "Hold to kill");
}

function hold() {
  if (held || sending || kill.disabled) return;
  kill.classList.add("holding");
  held = setTimeout(() => {
    release();
    fire();
  }, HOLD_MS);
  put($("kill-label"), "Keep holding…");
}

function release() {
  pressed = null;
  if (!held) return;
  clearTimeout(held);
  held = 0;
  kill.classList.remove("holding");
  if (!kill.classList.contains("sent")) put($("kill-label"), "Hold to kill");
}

async function fire() {
  sending = true;
  showKill();
  try {
    const told = await write("/api/kill", KILL, { waitMs: KILL_ANSWER_MS, most: KILL_TRIES, failed: tellTrying });
    $("told").hidden = true;
    showAccepted(told.kill_id);
  } catch (error) {
    if (error.status === 401) logOut();
    tell(`${unaccepted(error)}: ${error.message}`);
  }
  sending = false;
  showKill();
  refresh();
}

function tellTrying(error) {
  const how = error.status ? `Not accepted yet, ${error.message}` : "No answer yet";
  tell(`${how}: use \`ordo kill\` in a terminal. This page goes on trying.`);
}

function unaccepted(error) {
  if (error.code === UNWRITTEN) return "The kill is acted on, but it is not on the disk. Make room there; it is then written by itself";
  const what = error.status ? "The kill was NOT accepted" : "Nobody answered the kill, so nobody knows whether it is acted on";
  return `${what}. Use \`ordo kill\` in a terminal`;
}

// What was accepted stands, whatever else is not answered.
function showAccepted(id) {
  if (!latches.has(id)) latches.set(id, makeLatch({ ...KILL, latch_id: id, kind: "kill", id: "", by: "you" }));
  const box = latches.get(id);
  box.accepted = now();
  if (!box.stage) put(box.said, `Accepted as ${id}. How far it has come is asked for.`);
}

// The pointer is captured, so that a banner which comes or goes under it does not end the hold;
// whoever moves it away does.
let pressed = null;
kill.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  kill.setPointerCapture(event.pointerId);
  pressed = { x: event.clientX, y: event.clientY };
  hold();
});
kill.addEventListener("pointermove", (event) => {
  if (pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > AWAY_PX) release();
});
for (const name of ["pointerup", "pointercancel", "blur"]) kill.addEventListener(name, release);
kill.addEventListener("contextmenu", (event) => event.preventDefault());
kill.addEventListener("keydown", (event) => {
  if (event.key !== " " && event.key !== "Enter") return;
  event.preventDefault();
  if (!event.repeat) hold();
});
kill.addEventListener("keyup", (event) => {
  if (event.key === " " || event.key === "Enter") release();
});
// A page out of sight looks more seldom, so it looks at once when it is seen again.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) release();
  else if (link.in) refresh();
});

// ---- begin -----------------------------------------------------------------------------------

async function begin() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  if (code) {
    try {
      await call("POST", "/api/login", { body: { code } });
    } catch (error) {
      if (!link.in) put($("out-why"), `That code was not taken: ${error.message}`);
      await refresh();
      if (!link.in) logOut();
      return;
    }
  }
  await refresh();
}

$("told-close").onclick = () => {
  $("told").hidden = true;
};
window.addEventListener("hashchange", begin);
setInterval(showLink, 250);
begin();
