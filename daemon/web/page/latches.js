// Latches, and how far a kill has come.

import { act, look } from "./asking.js";
import { now } from "./clock.js";
import { $, element, mark, put } from "./elements.js";
import { instant } from "./figures.js";
import { LATE_MS, PACE_MS, Question } from "./questions.js";
import { Refused } from "./wire.js";

const KILLING_MS = 400;
const STAGES = ["cancelling", "closing", "verifying", "flat"];
const UNKNOWN = { stage: "unknown" };
const SAID = {
  cancelling: "Taking every working order back. Left:",
  closing: "Closing what the broker shows. Left:",
  verifying: "Reading the broker's book until it says flat twice.",
  flat: "Everything is flat. Entries stay stopped until you rearm.",
  incomplete: "Not flat in time; it goes on being tried. Look at your broker. Left:",
};

export const latches = new Map();
export const stagesQuestion = new Question(askStages, () => (killing() ? KILLING_MS : PACE_MS));

export function stopped({ id, account }) {
  const reaches = {
    all: () => true,
    strategy: (name) => name === id || name === `${id}@${account}`,
    account: (name) => name === account,
  };
  return [...latches.values()].some(({ latch }) => reaches[latch.scope]?.(latch.id));
}

const isKill = (latch) => latch.kind === "kill";
// What is flat may close again, but is looked at no more often than the rest.
const killing = () => [...latches.values()].some((box) => box.killed && !["flat", "unknown"].includes(box.stage));

export function showLatches(standing, askedAt) {
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
  if ([...latches.values()].some((box) => box.killed && !box.stage)) stagesQuestion.now();
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

export function makeLatch(latch) {
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
  const when = latch.at ? `, at ${instant(latch.at)}` : "";
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
