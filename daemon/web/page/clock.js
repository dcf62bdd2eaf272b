// Time that only rises, in ms, for all that lasts: a clock may be put back, and another stand still
// while the machine sleeps, so whichever has gone on more since the last call tells how much.

const time = { at: Date.now(), page: performance.now(), wall: Date.now() };

export function now() {
  const [page, wall] = [performance.now(), Date.now()];
  time.at += Math.max(page - time.page, wall - time.wall, 0);
  [time.page, time.wall] = [page, wall];
  return time.at;
}
