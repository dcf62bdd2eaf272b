// Time that only rises, in ms, for all that lasts: the clock of the wall may be put back, so the
// page's own tells how much; and where that stood still while the machine slept, the wall's.

const SLEPT_MS = 1000; // less is how the two are rounded, and would add up
const time = { at: Date.now(), page: performance.now(), wall: Date.now() };

export function now() {
  const [page, wall] = [performance.now(), Date.now()];
  const [ran, told] = [page - time.page, wall - time.wall];
  time.at += told - ran > SLEPT_MS ? told : ran;
  [time.page, time.wall] = [page, wall];
  return time.at;
}
