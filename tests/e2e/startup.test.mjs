//! Starting and stopping: one sentence and exit code 2 for what a person can mend, and nothing left running.

import assert from "node:assert/strict";
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import test from "node:test";
import { Child, CIERO, descendants, Instance, ROOT, runs, scratch, until } from "./harness.mjs";

const SECONDS = 10;

/** Runs a command that must refuse to start: exit code 2 and one sentence that holds the words. */
async function refuses(command, args, words, options) {
  const child = new Child(command, args.map(String), options);
  const { code } = await child.end(SECONDS).catch((error) => child.stop().then(() => { throw error; }));
  const sentences = child.errors.trim().split("\n").filter((line) => !line.startsWith("started: "));
  assert.equal(code, 2, `${code}: ${child.errors}`);
  assert.equal(sentences.length, 1, child.errors);
  for (const word of words) assert.ok(sentences[0].includes(word), `${word} is missing: ${sentences[0]}`);
  assert.equal(child.output, "");
}

const up = (data, ...more) => ["up", "--port", 0, "--aws-port", 0, "--no-demo", "--data", data, ...more];

async function withFolder(run) {
  const folder = await scratch();
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("a taken port is named with the option that changes it", () => withFolder(async (folder) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await refuses(CIERO, ["up", "--port", port, "--aws-port", 0, "--data", folder], [String(port), "--port"]);
  await refuses(CIERO, ["up", "--port", 0, "--aws-port", port, "--data", folder], [String(port), "--aws-port"]);
  server.close();
}));

test("a data folder that is a file, or that cannot be written, is named", () => withFolder(async (folder) => {
  const file = path.join(folder, "file");
  await writeFile(file, "");
  await refuses(CIERO, up(file), [file]);
  // Root may write anywhere, so the folder lies where no one can make one.
  await refuses(CIERO, up("/proc/ciero-data"), ["/proc/ciero-data"]);
}));

test("a data folder of another ciero is left alone", async () => {
  const instance = await Instance.start({ demo: false });
  try {
    await refuses(CIERO, up(instance.data), [instance.data, "in use"]);
    await refuses(CIERO, up(instance.data, "--fresh"), [instance.data, "in use"]);
    assert.equal((await fetch(`${instance.portal}/healthz`)).status, 200);
  } finally {
    await instance.stop();
    await instance.remove();
  }
});

test("a folder with other files is not emptied by --fresh", () => withFolder(async (folder) => {
  await writeFile(path.join(folder, "letter.txt"), "keep me");
  await refuses(CIERO, up(folder, "--fresh"), [folder]);
  assert.equal(await readFile(path.join(folder, "letter.txt"), "utf8"), "keep me");
}));

test("a broken template is told with its place", () => withFolder(async (folder) => {
  const template = await readFile(path.join(ROOT, "template.yaml"), "utf8");
  const broken = [
    ["Resources: [", ["template.yaml"]],
    [template.replace("!Ref MainTable", "!Ref NoSuchTable"), ["NoSuchTable"]],
    [template.replace("Type: AWS::SQS::Queue", "Type: AWS::Unknown::Thing"), ["AWS::Unknown::Thing"]],
    [template.replace("FunctionName: portal", "FunctionName: portalx"), ["portalx"]],
  ];
  for (const [text, words] of broken) {
    const file = path.join(folder, "template.yaml");
    await writeFile(file, text);
    await refuses(CIERO, up(path.join(folder, "data"), "--template", file), words);
  }
  await refuses(CIERO, up(path.join(folder, "data"), "--template", path.join(folder, "none.yaml")), ["none.yaml"]);
}));

test("an unknown option is refused before anything is built", async () => {
  await refuses(path.join(ROOT, "scripts/up"), ["--prot", 1], ["--prot"]);
  await refuses(path.join(ROOT, "scripts/up"), ["--port"], ["--port"]);
  const help = new Child(path.join(ROOT, "scripts/up"), ["--help"]);
  assert.deepEqual((await help.end()).code, 0);
  assert.match(help.output, /--aws-port/);
});

test("scripts/test refuses a Node.js that is too old before it begins", () => withFolder(async (folder) => {
  const node = path.join(folder, "node");
  await writeFile(node, "#!/bin/sh\necho v18.20.4\n");
  await chmod(node, 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  await refuses(path.join(ROOT, "scripts/test"), [], ["Node.js 20", "v18.20.4"], { env });
}));

test("tests/e2e/run names each program that is not built", () => withFolder(async (folder) => {
  const env = { ...process.env, CIERO_BIN: path.join(folder, "ciero") };
  for (const name of ["ciero", "iotbox", "examples/contracts"]) {
    const program = path.join(folder, name);
    await refuses(path.join(ROOT, "tests/e2e/run"), [], [program, "not built"], { env });
    if (name.startsWith("examples")) break;
    await writeFile(program, "#!/bin/sh\n");
    await chmod(program, 0o755);
  }
}));

test("SIGINT to ciero alone stops everything, children included", async () => {
  const instance = await Instance.start({ demo: true });
  try {
    const children = descendants(instance.child.pid);
    assert.ok(children.length >= 2, "functions and the demo's device run");
    instance.child.process.kill("SIGINT");
    const { code } = await instance.child.end(5);
    assert.equal(code, 0);
    await until("all children ended", () => !children.some(runs), { seconds: 2 });
  } finally {
    await instance.stop();
    await instance.remove();
  }
});

/** A copy of the script in a tree of its own, where cargo and npm are stand-ins. */
async function tree(folder, cargo) {
  const bin = path.join(folder, "bin"), target = path.join(folder, "target");
  await mkdir(path.join(folder, "scripts"), { recursive: true });
  await mkdir(bin);
  await mkdir(path.join(target, "debug"), { recursive: true });
  await cp(path.join(ROOT, "scripts/up"), path.join(folder, "scripts/up"));
  await writeFile(path.join(target, "debug/ciero"), `#!/bin/sh\ncd '${ROOT}'\nexec '${CIERO}' "$@"\n`);
  await writeFile(path.join(bin, "npm"), "#!/bin/sh\nexit 0\n");
  await writeFile(path.join(bin, "cargo"), cargo);
  for (const file of [path.join(target, "debug/ciero"), path.join(bin, "npm"), path.join(bin, "cargo")]) await chmod(file, 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, CARGO_TARGET_DIR: target };
  return (args) => new Child(path.join(folder, "scripts/up"), args.map(String), { cwd: folder, env });
}

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`${signal} to scripts/up alone ends a build that is running`, () => withFolder(async (folder) => {
    const start = await tree(folder, "#!/bin/sh\nsleep 600 &\nsleep 600\n");
    const child = start(["--no-demo"]);
    const building = await until("the build ran", () => { const all = descendants(child.pid); return all.length >= 3 && all; });
    child.process.kill(signal);
    const { code } = await child.end(5);
    assert.notEqual(code, 0);
    await until("the build ended", () => !building.some(runs), { seconds: 3 });
  }));

  test(`${signal} to scripts/up alone ends the service with all its children`, () => withFolder(async (folder) => {
    const start = await tree(folder, "#!/bin/sh\nexit 0\n");
    const child = start(["--port", 0, "--aws-port", 0, "--data", path.join(folder, "data")]);
    try {
      await until("the service was ready", () => child.output.includes("ready:") || !child.runs, { seconds: 60 });
      assert.ok(child.runs, child.errors);
      const children = descendants(child.pid);
      assert.ok(children.length >= 2);
      child.process.kill(signal);
      const { code } = await child.end(5);
      assert.equal(code, 0);
      await until("all children ended", () => !children.some(runs), { seconds: 2 });
    } finally {
      await child.stop();
    }
  }));
}
