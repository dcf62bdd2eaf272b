// Ordo's page begins here. A module knows only what stands to the left of it:
// figures, clock, wire < elements < session, ladder, legs < questions < renewed, channel, events < link
// < asking < alerts, latches < kill, standing < cards < profit, status < page.

import { alertsQuestion } from "./alerts.js";
import { $, put } from "./elements.js";
import { showEvents } from "./events.js";
import { stagesQuestion } from "./latches.js";
import { listen, logOut, showLink } from "./link.js";
import { showPnl } from "./profit.js";
import { pose, refresh } from "./questions.js";
import { pageQuestion } from "./renewed.js";
import { session } from "./session.js";
import { statusQuestion } from "./status.js";
import { call } from "./wire.js";

async function begin() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  if (code) {
    try {
      await call("POST", "/api/login", { body: { code } });
    } catch (error) {
      if (!session.in) put($("out-why"), `That code was not taken: ${error.message}`);
      await refresh();
      if (!session.in) logOut();
      return;
    }
  }
  await refresh();
}

$("told-close").onclick = () => {
  $("told").hidden = true;
};
$("renewed-load").onclick = () => location.reload();
window.addEventListener("hashchange", begin);
// A page out of sight looks more seldom, so it looks at once when it is seen again.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && session.in) refresh();
});
listen(showPnl, showEvents);
pose(statusQuestion, alertsQuestion, stagesQuestion, pageQuestion);
setInterval(showLink, 250);
$("kill").disabled = false; // before that, a press would have done nothing
begin();
