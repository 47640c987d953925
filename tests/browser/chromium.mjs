// Starts a Chromium that asks nobody for anything. `node chromium.mjs PATH` only tries whether it starts.

import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];

export function launch(executablePath) {
  const root = process.getuid?.() === 0;
  return chromium.launch({ executablePath: executablePath || undefined, chromiumSandbox: !root, args: QUIET });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await (await launch(process.argv[2])).close();
