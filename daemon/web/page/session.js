// Whether the daemon lets us in: nobody knows yet, we are in, or we are told that we are out.

import { now } from "./clock.js";
import { $, put } from "./elements.js";

const PARTS = ["total", "strategies", "news"];

export const session = { in: false, started: now() };

export function enter() {
  session.in = true;
  $("out").hidden = true;
  put($("out-why"), "");
  for (const id of PARTS) $(id).hidden = false;
  $("kill").disabled = false;
  session.started = now();
}

export function leave() {
  session.in = false;
  $("out").hidden = false;
  for (const id of PARTS) $(id).hidden = true;
  $("kill").disabled = true;
}
