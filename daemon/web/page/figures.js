// Figures and names, as people read them.

const MINUS = "\u2212";

// Half to even, as a terminal shows them.
const grouped = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2, roundingMode: "halfEven" });
const whole = new Intl.NumberFormat("en-IN");
export const known = (value) => typeof value === "number";

export function amount(value) {
  if (!known(value)) return "\u2013";
  const sign = value > 0 ? "+" : value < 0 ? MINUS : "";
  return sign + grouped.format(Math.abs(value));
}

export const price = (value) => (known(value) ? grouped.format(value) : "\u2013");
export const units = (value) => (value < 0 ? MINUS : "") + whole.format(Math.abs(value));

export function age(ms) {
  if (!known(ms)) return "\u2013";
  if (ms < 10_000) return (ms / 1000).toFixed(1) + " s";
  if (ms < 120_000) return Math.round(ms / 1000) + " s";
  return Math.round(ms / 60_000) + " min";
}

// Amounts are exact to 1/10,000, and so are their sums.
export const sum = (values) => (values.every(known) ? values.reduce((a, b) => a + Math.round(b * 10_000), 0) / 10_000 : null);

// NIFTY-2026-11-23-24550-CE -> ["NIFTY 24550 CE", "23 Nov"]
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
export function spoken(symbol) {
  const parts = /^(.+)-(\d{4})-(\d\d)-(\d\d)-(?:([\d.]+)-)?([A-Z]+)$/.exec(symbol);
  if (!parts) return [symbol, ""];
  const [, underlying, , month, day, strike, kind] = parts;
  const expiry = `${Number(day)} ${MONTHS[Number(month) - 1] ?? ""}`;
  return [[underlying, strike, kind].filter(Boolean).join(" "), expiry];
}

// 2026-11-27 -> "Friday 27 November"
const [weekday, dayOfYear] = [{ weekday: "long" }, { day: "numeric", month: "long" }].map((form) => new Intl.DateTimeFormat("en-GB", { ...form, timeZone: "UTC" }));
export function dayName(date) {
  const noon = new Date(`${date}T12:00:00Z`);
  return `${weekday.format(noon)} ${dayOfYear.format(noon)}`;
}

// What is of another day than the market's says of which: "28 Nov 09:30:51".
const clock = { day: "" };
export const turnTo = (day) => (clock.day = day);
export function instant(at) {
  const [day, time] = [String(at).slice(0, 10), String(at).slice(11, 19)];
  const [, month, date] = day.split("-").map(Number);
  return !clock.day || day === clock.day ? time : `${date} ${MONTHS[month - 1] ?? ""} ${time}`;
}

// straddle:2026-11-27 -> "entry of 27 Nov"; what was never entered has no name
export function entryOf({ basket_id }) {
  const parts = /:\d{4}-(\d\d)-(\d\d)$/.exec(basket_id);
  if (!parts) return basket_id && `entry ${basket_id}`;
  return `entry of ${Number(parts[2])} ${MONTHS[Number(parts[1]) - 1] ?? ""}`;
}
