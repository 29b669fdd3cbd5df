//! What the terms ask of a contract, lived day by day from its acts alone. It shares no code with the service.

import { due, earlier, interest, later, plus, term, termOn } from "./calendar.mjs";

const REMINDERS = [90, 60, 45, 35, 31];
const DEMAND_AFTER = 8;
const GRACE = 14;
/** So long before the last day of use the customer is reminded to save recordings. */
const BACKUP = 14;
/** Days for which the data are kept after the day that follows the end. */
const KEPT = 30;
const TAX = 10;

/** What a number of cameras costs in the first term of an example's order, and by the operator's list, without tax. */
const FIRST_YEN = 18_000;
const LISTED_YEN = 21_600;
const withTax = (net) => net + Math.floor((net * TAX) / 100);

/** What is still to be paid: what a credit note took back was never owed. */
const open = (debt) => Math.max(0, debt.total - debt.takenBack - debt.paid.reduce((sum, { yen }) => sum + yen, 0));

/** One contract. `billed` and `drafted` are told of each fee that is billed and each interest that is drafted. */
export class Life {
  constructor({ start, resold, cameras = 2 }) {
    this.resold = resold;
    this.orders = [];
    this.debts = [];
    this.credit = 0;
    this.number = 0;
    this.standing = "active";
    this.cancelled = null;
    this.cancelledOn = null;
    this.ended = null;
    this.saved = null;
    this.deleted = false;
    this.unreachable = false;
    this.notices = [];
    this.invoices = [];
    this.fees = [];
    this.billed = () => {};
    this.drafted = () => {};
    this.accept(start, cameras);
  }

  /** The first order is part of the contract's formation; further ones are accepted on a day. */
  accept(start, cameras, on = null) {
    const yen = on === null ? FIRST_YEN : LISTED_YEN;
    if (on !== null) this.tell("order_accepted", on);
    const number = this.orders.length + 1;
    this.orders.push({ number, cameras, net: cameras * yen, first: term(start), term: term(start), billed: false, reminded: 0, last: null, over: false });
  }

  /** Once the address is erased nobody is written to any more. */
  tell(kind, on) { if (!this.unreachable) this.notices.push([kind, on]); }

  /** What falls due next, each with its day and its place among what falls due on the same day. */
  owed() {
    const all = [];
    const owe = (on, place, run) => all.push({ on, place, run });
    for (const order of this.orders.filter((one) => !one.over)) {
      const ends = order.last !== null && order.last <= order.term.end;
      if (!order.billed && (order.last === null || order.term.start <= order.last)) owe(order.term.start, 0, () => this.bill(order));
      if (!ends && order.reminded < REMINDERS.length) owe(plus(order.term.end, -REMINDERS[order.reminded]), 1, (today) => this.remind(order, today));
      if (this.cancelled === null || this.cancelled > order.term.end) owe(order.term.next, 2, (today) => this.renew(order, ends, today));
    }
    for (const debt of this.debts.filter((one) => one.fee && open(one) > 0)) {
      if (debt.demanded === null) owe(plus(debt.due, DEMAND_AFTER), 3, (today) => this.demand(debt, today));
      else if (this.standing === "active" && !debt.suspended) owe(plus(debt.demanded, GRACE + 1), 4, (today) => this.suspendUnpaid(debt, today));
    }
    const [last, known] = this.foreseen();
    if (last !== null && plus(last, -BACKUP) > known && this.saved !== last) owe(plus(last, -BACKUP), 1, (today) => this.remindToSave(last, today));
    if (this.cancelled !== null && this.standing !== "ended") owe(plus(this.cancelled, 1), 5, (today) => this.end("contract_ended", today));
    if (this.ended !== null && !this.deleted) owe(plus(this.ended, 1 + KEPT), 6, (today) => this.delete(today));
    return all.sort((a, b) => (a.on === b.on ? a.place - b.place : a.on < b.on ? -1 : 1));
  }

  /** Does what has fallen due by a day, in the order of the days. */
  work(today) {
    for (let [next] = this.owed(); next && next.on <= today; [next] = this.owed()) next.run(today);
    if (this.deleted && this.debts.every((debt) => open(debt) === 0 && debt.draft === null)) this.unreachable = true;
  }

  delete(today) {
    this.deleted = true;
    this.tell("data_deleted", today);
  }

  bill(order) {
    order.billed = true;
    const on = order.term.start;
    if (this.resold) {
      this.fees.push({ on, net: order.net });
      return;
    }
    const debt = this.issue(on, withTax(order.net), true);
    const used = Math.min(this.credit, debt.total);
    if (used > 0) debt.paid.push({ on, yen: used });
    this.credit -= used;
    this.billed(debt, on);
  }

  issue(on, total, fee) {
    this.number += 1;
    const debt = { number: this.number, fee, issued: on, due: due(on), total, takenBack: 0, paid: [], demanded: null, suspended: false, draft: null };
    this.debts.push(debt);
    this.invoices.push({ number: debt.number, issued: on, due: debt.due, total });
    this.tell("invoice_issued", on);
    return debt;
  }

  remind(order, today) {
    order.reminded += 1;
    this.tell("renewal_reminder", today);
  }

  renew(order, ends, today) {
    if (ends) {
      this.tell("expired", today);
      order.over = true;
      if (this.orders.every((one) => one.over)) {
        this.standing = "ended";
        this.ended = this.orders.map((one) => one.last).reduce(later);
      }
      return;
    }
    this.tell("renewed", today);
    Object.assign(order, { term: term(order.term.next), net: order.cameras * LISTED_YEN, billed: false, reminded: 0 });
  }

  /** The last day of use, if every order has one, and the day since which that is known. */
  foreseen() {
    const open = this.orders.filter((one) => !one.over);
    if (this.standing === "ended" || open.length === 0 || open.some((one) => one.last === null)) return [null, null];
    const known = (one) => (one.refusedOn !== undefined && !(this.cancelled !== null && one.last >= this.cancelled) ? one.refusedOn : this.cancelledOn ?? one.refusedOn);
    return [open.map((one) => one.last).reduce(later), open.map(known).reduce(later)];
  }

  remindToSave(last, today) {
    this.saved = last;
    if (today <= last) this.tell("backup_reminder", today);
  }

  demand(debt, today) {
    debt.demanded = today;
    this.tell("demand", today);
  }

  suspendUnpaid(debt, today) {
    debt.suspended = true;
    this.standing = "6-2";
    this.tell("suspended", today);
  }

  end(kind, today) {
    this.ended = kind === "rescinded" ? today : this.cancelled;
    for (const order of this.orders) order.over = true;
    this.standing = "ended";
    this.tell(kind, today);
  }

  /** The open debts in the order in which money goes to them. */
  inOrder() {
    const key = (debt) => `${debt.due} ${debt.fee ? 0 : 1} ${String(debt.number).padStart(6, "0")}`;
    return this.debts.filter((debt) => open(debt) > 0).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  /** Sets money against what is open; what is left is credit. Returns what was settled. */
  spend(yen, on) {
    const settled = [];
    for (const debt of this.inOrder()) {
      const part = Math.min(yen, open(debt));
      if (part > 0) debt.paid.push({ on, yen: part });
      if (part > 0 && open(debt) === 0) settled.push(debt);
      yen -= part;
    }
    this.credit += yen;
    return settled;
  }

  liftIfPaid(on) {
    if (this.standing !== "6-2" || this.debts.some((debt) => debt.demanded !== null && open(debt) > 0)) return;
    this.standing = "active";
    this.tell("suspension_lifted", on);
  }

  pay(yen, on) {
    for (const debt of this.spend(yen, on).filter((one) => one.fee)) {
      const late = interest(debt.total - debt.takenBack, debt.due, debt.paid);
      if (late > 0) {
        debt.draft = late;
        this.drafted(debt, on);
      }
    }
    this.liftIfPaid(on);
  }

  /** A credit note makes its debt smaller; what was paid of it too much goes to what is open at once, the rest is credit. */
  takeBack(debt, yen, on) {
    this.number += 1;
    this.invoices.push({ number: this.number, issued: on, due: null, total: -yen });
    this.tell("credit_note_issued", on);
    const free = Math.max(0, yen - open(debt));
    debt.takenBack += yen;
    this.spend(free, on);
    this.liftIfPaid(on);
  }

  billInterest(debt, on) {
    const billed = this.issue(on, debt.draft, false);
    debt.draft = null;
    const credit = this.credit;
    this.credit = 0;
    this.spend(credit, on);
    return billed;
  }

  waiveInterest(debt) { debt.draft = null; }

  accelerate(on) {
    for (const debt of this.debts) if (open(debt) > 0) debt.due = earlier(debt.due, later(on, debt.issued));
  }

  suspend(on) {
    this.standing = "13-1";
    this.tell("suspended", on);
    this.accelerate(on);
  }

  /** What was demanded by then does not suspend again. */
  lift(on) {
    for (const debt of this.debts) if (debt.demanded !== null) debt.suspended = true;
    this.standing = "active";
    this.tell("suspension_lifted", on);
  }

  /** All debts fall due on the day on which the ground arose, none before it was there. */
  rescind(on, arose) {
    this.accelerate(arose);
    this.end("rescinded", on);
  }

  refuse(order, on) {
    order.last = order.term.end;
    order.refusedOn = on;
    this.tell("refusal_received", on);
  }

  cancel(last, on) {
    for (const order of this.orders) {
      const until = earlier(termOn(order.first, on).end, last);
      order.last = order.last === null ? until : earlier(order.last, until);
    }
    this.cancelled = last;
    this.cancelledOn = on;
    this.tell("cancellation_received", on);
  }

  /** What is to be found in the end. */
  get state() {
    return {
      standing: this.standing === "ended" ? "ended" : this.standing === "active" ? "active" : `suspended ${this.standing}`,
      credit: this.credit,
      open: this.debts.reduce((sum, debt) => sum + open(debt), 0),
      drafts: this.debts.map((debt) => debt.draft).filter((yen) => yen !== null).sort((a, b) => a - b),
    };
  }
}

export { open };
