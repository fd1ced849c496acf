// Runs the example of the library's page, as somebody who has nothing else.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync("library/README.md", "utf8")) ?? [];
if (code === undefined) throw new Error("The page has no example.");
const absolute = code.replaceAll('"./', `"${process.cwd()}/library/`);
const printed = execFileSync(process.execPath, ["--input-type=module", "-e", absolute], { encoding: "utf8" });
if (printed !== "€1.75\n") throw new Error(`The page's example prints ${printed}`);
console.log("The page is right.");
