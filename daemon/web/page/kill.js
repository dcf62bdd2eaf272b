// Kill: hold to confirm.

import { tell } from "./asking.js";
import { now } from "./clock.js";
import { $, put } from "./elements.js";
import { latches, makeLatch } from "./latches.js";
import { logOut } from "./link.js";
import { refresh } from "./questions.js";
import { UNWRITTEN, write } from "./wire.js";

const HOLD_MS = 1200;
const AWAY_PX = 60;
const KILL_ANSWER_MS = 2500; // who kills must not wait to hear of the other way
const KILL_TRIES = 10;

const kill = $("kill");
const KILL = { scope: "all", reason: "held on the page" };
let held = 0;
let sending = false;

export function showKill() {
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
document.addEventListener("visibilitychange", () => {
  if (document.hidden) release();
});
