//! Contracts over years on the embedded cloud, killed at random, against the model.

import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { tokyo } from "../harness/days.mjs";
import { contracts as written } from "../harness/due.mjs";
import { Instance, ROOT, scratch } from "../harness/instance.mjs";
import { OPERATOR, operator } from "../harness/people.mjs";
import { descendants } from "../harness/processes.mjs";
import { earlier, plus, random } from "./calendar.mjs";
import { compare, made } from "./compare.mjs";
import { draw, play } from "./plans.mjs";

const FIRST = "2026-04-01";
/** When the office opens: the night's work is done by then. */
const MORNING = "T09:01:00+09:00";
/** First days of the contracts; those of every fourth come through the reseller. */
const STARTS = 8;
const LONGEST_DAYS = 30;
/** Both who act; a rescission needs the second. */
const OPERATORS = [OPERATOR.name, "e2e-operator-2"];

/** The audit reads every contract's whole history; of ten years of days it would take most of the time. */
const SAID = "\n            Description: At 6 in the morning of Tokyo, when the work of the night is done.";
const DAILY_AUDIT = `Schedule: cron(0 21 * * ? *)${SAID}`;
const MONTHLY_AUDIT = `Schedule: cron(0 21 1 * ? *)${SAID}`;

/** Writes the template with an audit a month into a folder. */
async function template(folder) {
  const text = await readFile(path.join(ROOT, "template.yaml"), "utf8");
  assert.equal(text.split(DAILY_AUDIT).length, 2, "the audit has another schedule");
  const file = path.join(folder, "template.yaml");
  await writeFile(file, text.replace(DAILY_AUDIT, MONTHLY_AUDIT));
  return file;
}

/** The cloud under the simulation: advanced to a morning, and disturbed on the way. */
class World {
  constructor(instance, extra, chance, kills) {
    Object.assign(this, { instance, extra, chance, kills, killed: 0, operators: [] });
  }

  async advanced(duration) {
    const answer = await this.instance.advance(duration);
    assert.equal(answer.status, 200, await answer.text());
  }

  /** Advances to the morning of a day, in spans of a month at most, each of which may be disturbed. */
  async morning(on) {
    for (;;) {
      const now = await this.instance.now();
      const target = earlier(on, plus(tokyo(now), LONGEST_DAYS));
      const minutes = Math.ceil((Date.parse(`${target}${MORNING}`) - now) / 60_000);
      if (minutes <= 0) break;
      const duration = `P${Math.floor(minutes / 1440)}DT${minutes % 1440}M`;
      if (this.chance() < this.kills) await this.disturbed(duration);
      else await this.advanced(duration);
    }
    assert.equal(tokyo(await this.instance.now()), on, "an advance went past a day of the plan");
  }

  async disturbed(duration) {
    this.killed += 1;
    const advance = this.instance.advance(duration).catch(() => null);
    await pause(Math.floor(this.chance() * 1500));
    const workers = descendants(this.instance.child.pid);
    if (this.chance() < 0.6 && workers.length > 0) {
      try { process.kill(workers[Math.floor(this.chance() * workers.length)].pid, "SIGKILL"); } catch { /* it ended by itself */ }
      const answer = await advance;
      assert.equal(answer?.status, 200, await answer?.text());
      return;
    }
    this.instance.child.process.kill("SIGKILL");
    await this.instance.child.ended;
    await advance;
    this.instance = await Instance.start({ ...this.instance.place, demo: false, extra: this.extra });
    for (const client of this.operators) client.instance = this.instance;
  }

  /** The operators do what the plans say for this morning; what follows of it on the same day is done at once. */
  async act(todays) {
    for (const [by, client] of this.operators.entries()) {
      if (todays.some((act) => act.by === by)) await client.signIn({ ...OPERATOR, name: OPERATORS[by] });
    }
    for (const { id, on, place, fields, by } of todays) {
      const answer = await this.operators[by].send(`/console/contracts/${id}/${place}`, fields);
      assert.ok(answer.status < 300, `${id} ${place} ${JSON.stringify(fields)} on ${on}: ${answer.status} ${answer.text}`);
    }
    await this.advanced("PT16M");
  }
}

/** Runs the simulation; `kills` is the chance that a span is disturbed. */
export async function simulate({ contracts, years, seed, kills, say = () => {} }) {
  const chance = random(seed);
  const folder = await scratch();
  const extra = ["--template", await template(folder)];
  const world = new World(await Instance.start({ demo: false, clock: `${FIRST}T09:01+09:00`, extra }), extra, chance, kills);
  try {
    for (const name of OPERATORS) world.operators.push(await operator(world.instance, name));
    for (let place = 0; place < STARTS; place += 1) {
      const start = plus(FIRST, 1 + Math.floor((chance() + place) * (300 / STARTS)));
      const many = Math.floor(contracts / STARTS) + (place < contracts % STARTS ? 1 : 0);
      if (many > 0) written(world.instance, many, start, place % 4 === 3 ? [] : "direct");
    }
    const through = plus(FIRST, Math.round(years * 365.25));
    const plans = (await made(world.instance)).map(({ id, start, resold }) => {
      const plan = draw(chance, start, years, resold);
      return { id, ...plan, ...play(plan, through) };
    });
    const acts = new Map();
    for (const { id, acts: own } of plans) {
      for (const act of own) {
        if (act.fields.reference) act.fields.reference = `${id}-${act.fields.reference}`;
        acts.set(act.on, [...(acts.get(act.on) ?? []), { ...act, id }]);
      }
    }
    for (const on of [...new Set([...acts.keys(), through])].sort()) {
      await world.morning(on);
      const todays = acts.get(on) ?? [];
      if (todays.length > 0) await world.act(todays);
      say(`${on}: ${todays.length} acts, ${world.killed} disturbances`);
    }
    await world.advanced("PT2H");
    await compare(world.instance, plans, through, world.killed);
    const sum = (what) => plans.reduce((total, plan) => total + what(plan), 0);
    return { contracts: plans.length, killed: world.killed, notices: sum(({ life }) => life.notices.length), acts: sum((plan) => plan.acts.length) };
  } finally {
    await world.instance.stop();
    await world.instance.remove();
    await rm(folder, { recursive: true });
  }
}
