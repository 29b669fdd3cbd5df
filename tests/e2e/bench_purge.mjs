//! What a purge costs: requests and capacity units per contract, the same beside few and many, and the time that quotas set.

import { call, video } from "./harness/aws.mjs";
import { between, contractItems, contracts, counts, tick } from "./harness/due.mjs";
import { Instance } from "./harness/instance.mjs";

const CLOCK = "2026-06-01T09:01+09:00";
/** The contracts end on this day; their data go 31 days later. */
const ENDED = "2026-04-15";
const CAMERAS = 2;
/** Kinesis Video deletes so many streams a second. */
const DELETES = 50;
const STREAMS = 100_000;

/** The copies that customers asked for lie here. */
const BUCKET = "ciero-exports";
const AT_ONCE = 8;

/** Gives every camera a stream of recordings and every contract a file, as a service in use has them. */
async function recordings(instance) {
  const cameras = (await contractItems(instance)).filter(({ SK }) => SK.S.startsWith("CAMERA#"));
  const left = cameras.map(({ PK, body }) => [PK.S.split("#")[1], body.M.stream_name.S]);
  const files = new Set(left.map(([contract]) => contract));
  const worker = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const [contract, name] = next;
      await video(instance, "createStream", { StreamName: name, DataRetentionInHours: 720 });
      if (!files.delete(contract)) continue;
      const kept = await call(instance, { service: "s3", method: "PUT", path: `/${BUCKET}/contracts/${contract}/exports/one/data.json`, body: "{}" });
      if (kept.status !== 200) throw new Error(kept.text);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Purges a number of contracts; returns seconds and what the services were asked. */
async function measured(many) {
  process.env.CIERO_COUNT_REQUESTS = "1";
  const instance = await Instance.start({ demo: false, clock: CLOCK });
  try {
    contracts(instance, 5, "2026-04-14", ["ended"]);
    await tick(instance);
    contracts(instance, many, ENDED, ["ended"]);
    await recordings(instance);
    const before = await counts(instance);
    const seconds = await tick(instance);
    return { seconds, asked: between(before, await counts(instance)) };
  } finally {
    await instance.stop();
    await instance.remove();
  }
}

/** Prints what one purge costs beside few and many others. */
export async function purgeCost(print, sizes) {
  for (const many of sizes) {
    const { seconds, asked } = await measured(many);
    print(`purge of ${many} contracts with ${CAMERAS} cameras that recorded, every second one on the register`, `${(many / seconds).toFixed(1)} contracts/s`, "-");
    for (const [name, { requests, units }] of Object.entries(asked)) {
      print(`purge of ${many}: ${name}`, `${(requests / many).toFixed(2)} requests`, units > 0 ? `${(units / many).toFixed(1)} units each` : "-");
    }
  }
  print(`${STREAMS} streams at ${DELETES} deletes a second`, `${(STREAMS / DELETES / 60).toFixed(1)} min`, "quota");
}
