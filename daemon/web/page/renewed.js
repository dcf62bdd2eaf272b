// Whether the daemon still sends this page: an update renews the daemon, and not a page that stands open.

import { $ } from "./elements.js";
import { Question } from "./questions.js";
import { tagOf } from "./wire.js";

const PACE_MS = 30000;
let mine = "";

export const pageQuestion = new Question(askPage, () => PACE_MS);

async function askPage() {
  const tag = await tagOf("/");
  mine ||= tag;
  $("renewed").hidden = !tag || tag === mine;
}
