// The stub of the Messages API as a program: prints its address, and serves until it is ended.

import { startMessages } from "./messages-server.ts";

const [port, requests, tokens, perMs] = process.argv.slice(2).map(Number);
const limit =
  requests !== undefined && perMs !== undefined
    ? { limit: { requests, perMs, ...(tokens === undefined || tokens === 0 ? {} : { tokens }) } }
    : {};
const server = await startMessages({ ...(port === undefined ? {} : { port }), ...limit });
console.log(server.url);
