//! What the terms ask of a contract, worked out from its plan alone. It shares no code with the service.

import holidayJp from "@holiday-jp/holiday_jp";

const DAY = 86_400_000;
const day = (text) => new Date(`${text}T00:00:00Z`);
const text = (date) => date.toISOString().slice(0, 10);
export const plus = (from, days) => text(new Date(day(from).getTime() + days * DAY));
const apart = (from, to) => Math.round((day(to) - day(from)) / DAY);

/** The term that begins on a day: it ends before the same day of the next year, or at the month's end. */
export function term(start) {
  const [year, month, date] = start.split("-").map(Number);
  const same = new Date(Date.UTC(year + 1, month - 1, date));
  const exists = same.getUTCMonth() === month - 1;
  const end = exists ? plus(text(same), -1) : text(new Date(Date.UTC(year + 1, month, 0)));
  return { start, end, lastDayToRefuse: plus(end, -30), next: plus(end, 1) };
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

/** 14.6 % a year from the day after the due date to the day before payment, days of a leap year by 366. */
export function interest(yen, dueOn, paidOn) {
  let [common, leaping] = [0n, 0n];
  for (let one = plus(dueOn, 1); one < paidOn; one = plus(one, 1)) {
    if (leap(Number(one.slice(0, 4)))) leaping += 1n;
    else common += 1n;
  }
  return Number((BigInt(yen) * 146n * (common * 366n + leaping * 365n)) / (1000n * 365n * 366n));
}

const REMINDERS = [90, 60, 45, 35, 31];
const DEMAND_AFTER = 8;
const GRACE = 14;

/**
 * Plays a plan to a day. A plan holds `start`, `prices` (of the first term and of later ones), `pays` (days from issue to
 * payment, or null for never) and `end`: null, {refuse, on} or {cancel, on}. Acts happen in the morning, after the night's work.
 */
export function expected(plan, through) {
  const notices = [];
  const invoices = [];
  const payments = [];
  const drafts = [];
  let suspended = false;
  const known = plan.end?.on;
  let current = term(plan.start);
  for (let number = 1; current.start <= through; number += 1) {
    const total = plan.prices[Math.min(number, plan.prices.length) - 1];
    const dueOn = due(current.start);
    invoices.push({ number, issued: current.start, due: dueOn, total });
    notices.push(["invoice_issued", current.start]);
    const paid = plan.pays === null ? null : plus(current.start, plan.pays);
    if (paid && paid <= through) {
      payments.push({ on: paid, yen: total });
      const yen = interest(total, dueOn, paid);
      if (yen > 0) drafts.push(yen);
    }
    const demand = plus(dueOn, DEMAND_AFTER);
    if (demand <= through && (!paid || paid >= demand)) notices.push(["demand", demand]);
    const suspend = plus(demand, GRACE + 1);
    if (suspend <= through && (!paid || paid >= suspend) && !suspended) {
      suspended = true;
      notices.push(["suspended", suspend]);
      if (paid && paid <= through) notices.push(["suspension_lifted", paid]);
      suspended = !paid;
    }
    for (const before of REMINDERS) {
      const on = plus(current.end, -before);
      if (on <= through && (!known || on <= known)) notices.push(["renewal_reminder", on]);
    }
    if (known && known >= current.start && known <= current.end) {
      if (plan.end.refuse) {
        if (known <= through) notices.push(["refusal_received", known]);
        if (current.next <= through) notices.push(["expired", current.next]);
      } else {
        if (known <= through) notices.push(["cancellation_received", known]);
        if (plus(plan.end.cancel, 1) <= through) notices.push(["contract_ended", plus(plan.end.cancel, 1)]);
      }
      break;
    }
    if (current.next <= through) notices.push(["renewed", current.next]);
    current = term(current.next);
  }
  notices.sort((a, b) => (a[1] + a[0] < b[1] + b[0] ? -1 : 1));
  return { notices, invoices, payments, drafts };
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

/** Draws a plan: some pay late, some never, some refuse or cancel. */
export function draw(chance, start, years, prices) {
  const pick = (from, to) => from + Math.floor(chance() * (to - from + 1));
  const kind = chance();
  const plan = { start, prices, pays: 20, end: null };
  if (kind < 0.2) plan.pays = pick(60, 200);
  else if (kind < 0.25) plan.pays = null;
  else if (kind < 0.6) {
    let current = term(start);
    for (let skip = pick(0, Math.max(0, years - 1)); skip > 0; skip -= 1) current = term(current.next);
    if (kind < 0.45) plan.end = { refuse: true, on: plus(current.lastDayToRefuse, -pick(0, 80)) };
    else {
      const on = plus(current.start, pick(40, 300));
      plan.end = { cancel: plus(on, pick(0, Math.min(60, apart(on, current.end)))), on };
    }
  }
  return plan;
}
