// Whatever is asked and done: its answer tells whether we are let in.

import { $, put } from "./elements.js";
import { logIn, logOut } from "./link.js";
import { refresh } from "./questions.js";
import { session } from "./session.js";
import { call, write } from "./wire.js";

// Whichever answer comes first tells whether we are let in.
export async function look(path) {
  try {
    const told = await call("GET", path);
    if (!session.in) logIn();
    return told;
  } catch (error) {
    if (error.status === 401) logOut();
    throw error;
  }
}

export function tell(text) {
  put($("told-text"), text);
  $("told").hidden = false;
}

export async function act(path, body, failed) {
  try {
    await write(path, body);
    $("told").hidden = true;
  } catch (error) {
    if (error.status === 401) logOut();
    tell(`${failed}: ${error.message}`);
  }
  refresh();
}
