// A stream of the daemon's, opened again whenever it is cut.

import { now } from "./clock.js";
import { refresh } from "./questions.js";
import { session } from "./session.js";

export const SILENCE_MS = 3000; // the daemon promises a message a second
const GONE_MS = 2 * SILENCE_MS; // and an empty one every two seconds where nothing is recorded
const BACKOFF_MS = [400, 800, 1600, 3200, 6000];

export class Channel {
  constructor(path) {
    this.path = path;
    this.take = null; // who hears its messages
    this.lost = () => {}; // hears that it is cut: no timer tells that in time while out of sight
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
    socket.onopen = () => {
      if (socket === this.socket) this.opened = now();
    };
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.heard = now();
      this.take(JSON.parse(message.data));
      if (this.socket) this.failures = 0; // what is cut for being behind is tried ever more seldom
    };
    socket.onclose = () => {
      if (socket === this.socket) this.later();
    };
  }

  // How long a message was on its way, in ms: that of the quickest counts as nothing, so it does not
  // matter what a clock is set to. The first is given once this connection is open.
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
    this.timer = setTimeout(() => session.in && this.open(), wait);
    this.lost();
    await refresh(); // tells whether we are still logged in
  }
}
