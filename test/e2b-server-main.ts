// The E2B test server as a program: `npx tsx test/e2b-server-main.ts --port 8090 [--instances 100] [--per-second 5] [--vanish 0.02]`.

import { parseArgs } from "node:util";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8090" },
    instances: { type: "string" },
    "per-second": { type: "string" },
    vanish: { type: "string" },
  },
});
const numberOf = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : Number(text);

const server = await E2bServer.start({
  port: Number(values.port),
  instancesMax: numberOf(values.instances, Number.POSITIVE_INFINITY),
  perSecond: numberOf(values["per-second"], Number.POSITIVE_INFINITY),
  vanish: numberOf(values.vanish, 0),
});
if (!isolates)
  console.error("Without root's rights, on Linux, sandboxes see this machine's own /home and /tmp.");
console.log(server.url);
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, async () => {
    await server.close();
    process.exit(0);
  });
