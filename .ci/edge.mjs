// Runs the receiver for edge runtimes as such a runtime does: a WASI program for each request, with
// the delivery on standard input.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { WASI } from "node:wasi";

const module = await WebAssembly.compile(fs.readFileSync(process.argv[2]));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "edge-"));

async function respond(delivery, env) {
  const files = { stdin: path.join(folder, "in"), stdout: path.join(folder, "out") };
  fs.writeFileSync(files.stdin, delivery);
  const stdin = fs.openSync(files.stdin, "r");
  const stdout = fs.openSync(files.stdout, "w");
  const wasi = new WASI({ version: "preview1", env, stdin, stdout, returnOnExit: true });
  const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
  assert.equal(wasi.start(instance), 0);
  fs.closeSync(stdin);
  fs.closeSync(stdout);
  const [head, body] = fs.readFileSync(files.stdout, "utf8").split("\r\n\r\n");
  return { status: head.match(/^Status: (\d+)/)[1], body: JSON.parse(body) };
}

const delivery = (token) =>
  JSON.stringify({ type: "message_sent", token, event_data: { id: 7, text: "Invented" } });
const env = { HEYMARKET_WEBHOOK_TOKEN: "right" };

const verified = await respond(delivery("right"), env);
assert.equal(verified.status, "200");
assert.equal(verified.body.type, "message_sent");
assert.ok(verified.body.key.length > 0 && !verified.body.key.includes("Invented"));
assert.equal((await respond(delivery("right"), env)).body.key, verified.body.key);
assert.equal((await respond(delivery("wrong"), env)).status, "401");
assert.equal((await respond("[]", env)).status, "400");
assert.equal((await respond(delivery("right"), {})).status, "500");

fs.rmSync(folder, { recursive: true });
console.log("the edge receiver answers 200, 400, 401 and 500");
