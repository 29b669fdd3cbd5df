//! Everything that the tests use, in one place.

export { Child, CIERO, Instance, IOTBOX, ROOT, scratch } from "./harness/instance.mjs";
export { scenario } from "./harness/scenario.mjs";
export { until } from "./harness/poll.mjs";
export { descendants, named, runs } from "./harness/processes.mjs";
export { Client } from "./harness/client.mjs";
export { form, text } from "./harness/html.mjs";
export { call, changesNothing, cognito, dynamodb, fragments, invoke, isUnderWay, stored, video } from "./harness/aws.mjs";
export * from "./harness/people.mjs";
export { playlist, plays } from "./harness/player.mjs";
