//! Days, terms, bank days and interest as the terms state them. It shares no code with the service.

import holidayJp from "@holiday-jp/holiday_jp";

const DAY = 86_400_000;
const day = (text) => new Date(`${text}T00:00:00Z`);
const text = (date) => date.toISOString().slice(0, 10);
export const plus = (from, days) => text(new Date(day(from).getTime() + days * DAY));
export const apart = (from, to) => Math.round((day(to) - day(from)) / DAY);
export const earlier = (a, b) => (a < b ? a : b);
export const later = (a, b) => (a > b ? a : b);

/** The term that begins on a day: it ends before the same day of the next year, or at the month's end. */
export function term(start) {
  const [year, month, date] = start.split("-").map(Number);
  const same = new Date(Date.UTC(year + 1, month - 1, date));
  const exists = same.getUTCMonth() === month - 1;
  const end = exists ? plus(text(same), -1) : text(new Date(Date.UTC(year + 1, month, 0)));
  return { start, end, lastDayToRefuse: plus(end, -30), next: plus(end, 1) };
}

/** The term of a chain that a day lies in; the first one before it begins. */
export function termOn(first, on) {
  let current = first;
  while (current.end < on) current = term(current.next);
  return current;
}

/** The first day of the month after a day's. */
export function monthAfter(on) {
  const date = day(on);
  return text(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)));
}

function bankRests(on) {
  const date = day(on);
  const week = date.getUTCDay();
  const [month, number] = [date.getUTCMonth() + 1, date.getUTCDate()];
  const yearsTurn = (month === 12 && number === 31) || (month === 1 && number <= 3);
  const local = new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return week === 0 || week === 6 || yearsTurn || holidayJp.isHoliday(local);
}

/** The end of the next month, moved to a day on which banks work. */
export function due(issued) {
  const date = day(issued);
  let end = text(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 2, 0)));
  while (bankRests(end)) end = plus(end, 1);
  return end;
}

const leap = (year) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** 14.6 % a year on an amount from a day to the day before another, days of a leap year by 366, rounded down once. */
function accrued(yen, from, before) {
  let [common, leaping] = [0n, 0n];
  for (let one = from; one < before; one = plus(one, 1)) {
    if (leap(Number(one.slice(0, 4)))) leaping += 1n;
    else common += 1n;
  }
  return Number((BigInt(yen) * 146n * (common * 366n + leaping * 365n)) / (1000n * 365n * 366n));
}

/** Interest from the day after the due date to the day before the last payment; a part paid bears none from its day on. */
export function interest(total, dueOn, payments) {
  const inOrder = [...payments].sort((a, b) => (a.on < b.on ? -1 : 1));
  let [left, from, sum] = [total, plus(dueOn, 1), 0];
  for (const { on, yen } of inOrder) {
    sum += accrued(left, from, on);
    from = later(from, on);
    left -= yen;
  }
  return sum;
}

/** A generator of numbers in [0, 1) that the same seed repeats (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
