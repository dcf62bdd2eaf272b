// How the daemon says that it stands, and what that means for each strategy.

import { stopped } from "./latches.js";

// The newest status, and whether each strategy takes entries in each of its accounts.
export const standing = {
  status: { state: "", accounts: [], strategies: [], unread: [] },
  taking: new Map(),
};

export const keyOf = (id, account) => `${id}@${account}`;

// What keeps a strategy from entering, though it was started: the gravest alone, as `ordo status` does.
export function hindrance(card) {
  const { state, accounts, strategies, unread } = standing.status;
  const isThere = (one) => one.account === card.account;
  const account = accounts.find(isThere);
  if (stopped(card)) return "entries stopped by a latch";
  if (state === "reduce_only") return "no entries: reduce only";
  if (account?.paused) return `no entries: ${account.paused}`;
  if (account?.reconciled === false || unread.some(isThere)) return "no entries: book not read";
  if (account?.mode !== "live") return "";
  if (!strategies.find((one) => one.strategy_id === card.id)?.live) return "no entries: live = false";
  return account.armed ? "" : "no entries: not armed";
}
