// Alerts: what somebody must know of, until he says that he does.

import { act, look } from "./asking.js";
import { $, element, isSecond } from "./elements.js";
import { instant } from "./figures.js";
import { PACE_MS, Question } from "./questions.js";

export const alertsQuestion = new Question(askAlerts, () => PACE_MS, tellUnheard);
const alerts = new Map();

async function askAlerts() {
  showAlerts((await look("/api/alerts")).alerts);
}

function tellUnheard(why) {
  return `The daemon does not tell its alerts: ${why}. There may be new ones.`;
}

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
  arrange([...open].sort(([, one], [, other]) => isCritical(other) - isCritical(one)));
}

const isCritical = (one) => one.severity === "critical";

// What is critical comes first, and then what is newest. Nothing is moved that stands right, under somebody's finger.
function arrange(ordered) {
  ordered.forEach(([key], at) => {
    const [box, node] = [$("alerts"), alerts.get(key)];
    if (box.children[at] !== node) box.insertBefore(node, box.children[at] ?? null);
  });
}

function makeAlert(one) {
  const critical = isCritical(one);
  const node = element("article", critical ? "latch killed" : "latch");
  const words = node.appendChild(element("div"));
  words.append(element("h3", "", critical ? `ALERT, level ${one.level}` : "Alert"));
  words.append(element("p", "why", `${instant(one.at)} ${one.sentence}`));
  const box = node.appendChild(element("div", "release"));
  const seen = box.appendChild(element("button", "seen", "I have seen it"));
  seen.type = "button";
  seen.onclick = async (event) => {
    if (isSecond(event)) return;
    seen.disabled = true;
    await act(`/api/alerts/${encodeURIComponent(one.alert_id)}/acknowledge`, {}, "It was not acknowledged");
    seen.disabled = false;
  };
  return node;
}
