// What is asked again and again, and what is said where it is not answered.

import { now } from "./clock.js";
import { $, put } from "./elements.js";
import { session } from "./session.js";
import { Refused } from "./wire.js";

export const PACE_MS = 2000;
export const LATE_MS = 6000; // the daemon itself gives up an answer after five seconds

const questions = []; // all that were posed

// Asked one at a time; whoever asks meanwhile gets another answer afterwards. Each goes its own way:
// what one of them is not answered keeps no other off the page.
export class Question {
  constructor(ask, pace, unheard = () => "") {
    this.ask = ask;
    this.pace = pace;
    this.unheard = unheard; // what is said once its answer is late
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
    } else if (session.in || $("out").hidden) this.timer = setTimeout(() => this.now(), this.pace());
  }

  late() {
    return session.in && now() - (this.heard || session.started) > LATE_MS;
  }
}

export function pose(...all) {
  questions.push(...all);
}

export function refresh() {
  return Promise.all(questions.map((each) => each.now()));
}

// What was answered before we were let in does not count.
export function forget() {
  for (const each of questions) each.heard = 0;
}

// What is not answered any more is said, and is not shown as if it were so now.
export function showUnheard(cut) {
  const late = questions.filter((each) => each.late());
  const lines = late.map((each) => each.unheard(each.why || "no answer yet")).filter(Boolean);
  put($("unheard"), lines.join(" "));
  $("unheard").hidden = cut || lines.length === 0; // a cut link says it all
}
