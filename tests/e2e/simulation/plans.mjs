//! What customers and operators do, drawn at random: paying late, in parts, too much or never; measures, orders, ends.

import { apart, monthAfter, due, plus, term } from "./calendar.mjs";
import { Life, open } from "./model.mjs";

/** Draws a plan for a contract that begins on a day. */
export function draw(chance, start, years, resold) {
  const pick = (from, to) => from + Math.floor(chance() * (to - from + 1));
  const one = (...all) => all[pick(0, all.length - 1)];
  const within = () => plus(start, pick(30, Math.max(60, Math.round(years * 365) - 120)));
  const plan = { start, resold, pays: pays(pick, chance()), interest: one("wait", "bill", "waive"), interestAfter: pick(3, 25), note: null, more: null, measure: null, end: null };
  if (plan.pays.kind === "all" && plan.pays.after === 20) plan.note = one(null, null, { after: 10, yen: 3_300 }, { after: 31, yen: 4_400 });
  if (chance() < 0.35) {
    const on = within();
    plan.more = { on, start: plus(on, pick(0, 60)), cameras: pick(1, 4) };
  }
  const kind = chance();
  if (kind < 0.3) plan.measure = measure(pick, within(), one("lift", "lift", "stay", "rescind"));
  else if (kind < 0.7) plan.end = end(pick, start, years, kind < 0.5);
  return plan;
}

function pays(pick, chance) {
  if (chance < 0.4) return { kind: "all", after: 20 };
  if (chance < 0.6) return { kind: "all", after: pick(60, 200) };
  if (chance < 0.7) return { kind: "never" };
  if (chance < 0.87) return { kind: "parts", after: pick(60, 200), share: pick(10, 90) };
  return { kind: "over", after: 20, more: pick(1, 60_000) };
}

function measure(pick, on, then) {
  return { on, then, after: pick(0, 90) };
}

function end(pick, start, years, refuses) {
  let current = term(start);
  for (let skip = pick(0, Math.max(0, years - 1)); skip > 0; skip -= 1) current = term(current.next);
  if (refuses) return { refuses, on: plus(current.lastDayToRefuse, -pick(0, 80)) };
  const on = plus(current.start, pick(40, 300));
  return { refuses, on, last: plus(on, pick(0, Math.min(60, apart(on, current.end)))) };
}

/**
 * Lives a plan to a day. Returns the life as the model sees it, and the acts: the day, the place under the contract's page,
 * the fields, and who acts. Acts happen in the morning, after the night's work and before that of the day.
 */
export function play(plan, through) {
  const life = new Life(plan);
  const planned = new Map();
  const acts = [];
  const on = (day, act) => planned.set(day, [...(planned.get(day) ?? []), act]);
  const act = (day, place, fields, by = 0) => acts.push({ on: day, place, fields, by });
  const receive = (day, yen) => {
    if (yen <= 0) return;
    act(day, "receipts", { reference: `${acts.length}`, received_on: day, yen: String(yen) });
    life.pay(yen, day);
  };
  life.billed = (debt, day) => schedulePayments({ plan, life, on, act, receive }, debt, day);
  life.drafted = (debt, day) => scheduleInterest({ plan, life, on, act, receive }, debt, day);
  scheduleMeasure({ plan, life, on, act });
  scheduleOrders({ plan, life, on, act });
  for (let today = plan.start; today <= through; ) {
    life.work(today);
    for (const one of planned.get(today) ?? []) one(today);
    planned.delete(today);
    life.work(today);
    const next = [...planned.keys(), ...life.owed().map((work) => work.on)].filter((day) => day > today).sort()[0];
    if (next === undefined) break;
    today = next;
  }
  life.notices.sort((a, b) => (a[1] + a[0] < b[1] + b[0] ? -1 : 1));
  return { life, acts };
}

function schedulePayments({ plan: { pays, note }, life, on, act, receive }, debt, issued) {
  const rest = (day) => receive(day, open(debt));
  if (pays.kind === "all") on(plus(issued, pays.after), rest);
  if (pays.kind === "over") on(plus(issued, pays.after), (day) => receive(day, open(debt) + pays.more));
  if (pays.kind === "parts") {
    on(plus(issued, 15), (day) => receive(day, Math.floor((open(debt) * pays.share) / 100)));
    on(plus(issued, pays.after), rest);
  }
  // Only one invoice's, and only before its due date: what a credit note settles late is for a person to judge.
  if (note && debt.number === 1 && plus(issued, note.after) < due(issued)) {
    on(plus(issued, note.after), (day) => {
      act(day, "credit-notes", { debt: String(debt.number), yen: String(note.yen), reason: "誤請求" });
      life.takeBack(debt, note.yen, day);
    });
  }
}

function scheduleInterest({ plan, life, on, act, receive }, debt, day) {
  if (plan.interest === "wait") return;
  on(plus(day, plan.interestAfter), (today) => {
    act(today, "interest", { of: String(debt.number), decision: plan.interest, reason: "少額" });
    if (plan.interest === "waive") return life.waiveInterest(debt);
    const billed = life.billInterest(debt, today);
    on(plus(today, 30), (later) => receive(later, open(billed)));
  });
}

function scheduleMeasure({ plan: { measure }, life, on, act }) {
  if (!measure) return;
  const { then, after } = measure;
  on(measure.on, (day) => {
    if (life.standing === "ended") return;
    const fields = { ground: "13-1-1", evidence: "事案 7", arose_on: day };
    if (then === "rescind") {
      act(day, "rescission", fields);
      on(plus(day, after), (today) => {
        act(today, "rescission/approval", {}, 1);
        life.rescind(today, day);
      });
      return;
    }
    act(day, "measures", fields);
    life.suspend(day);
    if (then === "lift") on(plus(day, after + 1), (today) => {
      act(today, "lift", { reason: "是正を確認した" });
      life.lift(today);
    });
  });
}

function scheduleOrders({ plan: { more, end }, life, on, act }) {
  if (more) on(more.on, (day) => {
    if (life.standing === "ended" || life.cancelled !== null) return;
    act(day, "orders", { start: more.start, retention_days: "30", cameras: String(more.cameras) });
    life.accept(more.start, more.cameras, day);
  });
  if (end) on(end.on, (day) => {
    if (end.refuses) {
      act(day, "refusal", { order: "1", received_on: day, channel: "post" });
      return life.refuse(life.orders[0], day);
    }
    act(day, "cancellation", { on: end.last, received_on: day });
    life.cancel(end.last, day);
  });
}

/** The consolidated invoices to the reseller: one for each month that is over and has fees, tax once on all of them. */
export function consolidated(lives, through) {
  const months = new Map();
  for (const { on, net } of lives.flatMap((life) => life.fees)) {
    const issued = monthAfter(on);
    const { fees, sum } = months.get(issued) ?? { fees: 0, sum: 0 };
    months.set(issued, { fees: fees + 1, sum: sum + net });
  }
  const issued = [...months].filter(([on]) => on <= through).sort();
  return issued.map(([on, { fees, sum }], place) => ({ number: place + 1, issued: on, due: due(on), fees, total: sum + Math.floor(sum / 10) }));
}
