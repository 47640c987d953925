// node draw.mjs: reads {chromium, pictures, cards: [{name, language, card}]} on standard input, draws each card light and
// dark, narrow and wide, folded and with More open, and writes what it measured, one JSON object a line.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch } from "./chromium.mjs";
import { SCHEMES, WIDTHS, hostConfig, style } from "./host.mjs";

const resolve = createRequire(import.meta.url).resolve;
const SCRIPTS = [
  resolve("adaptivecards/dist/adaptivecards.min.js"),
  resolve("markdown-it/browser"),
  resolve("axe-core/axe.min.js"),
  new URL("page.js", import.meta.url).pathname,
];

const work = JSON.parse(readFileSync(0, "utf8"));
const browser = await launch(work.chromium);
try {
  // Side by side: each context has a process of its own.
  await Promise.all(SCHEMES.flatMap((scheme) => WIDTHS.map((width) => drawAll(scheme, width))));
} finally {
  await browser.close();
}

async function drawAll(scheme, width) {
  const sharp = work.pictures ? 2 : 1;
  const screen = { viewport: { width, height: 640 }, deviceScaleFactor: sharp, colorScheme: scheme };
  const context = await browser.newContext({ ...screen, offline: true });
  const page = await context.newPage();
  await page.setContent(`<!doctype html><title>card</title><style>${style(scheme, width)}</style><main id="card"></main>`);
  for (const path of SCRIPTS) await page.addScriptTag({ path });
  for (const shown of work.cards) {
    if (shown.narrow || width > WIDTHS[0]) await drawOne(page, shown, scheme, width);
  }
  await context.close();
}

async function drawOne(page, { name, language, card, narrow }, scheme, width) {
  const events = await page.evaluate(([json, config]) => drawCard(json, config), [card, hostConfig(scheme)]);
  const rows = card.body.filter((element) => element.type === "ActionSet");
  const actions = [...rows, card].flatMap((element) => element.actions ?? []);
  const joining = actions.find((action) => action.type === "Action.OpenUrl");
  const more = actions.find((action) => action.type === "Action.ToggleVisibility");
  for (const open of more ? [false, true] : [false]) {
    if (open) await page.evaluate((title) => press(title), more.title);
    const measured = await page.evaluate((title) => measure(title), joining?.title ?? null);
    // Colours do not depend on the width, nor roles on the colours: each is asked once.
    const first = width === WIDTHS[narrow ? 0 : 1];
    const violations = first ? await violationsOf(page) : [];
    const aria = first && scheme === SCHEMES[0] ? await page.locator("#card").ariaSnapshot() : "";
    if (work.pictures) await page.locator("#card").screenshot({ path: picture(name, language, scheme, width, open) });
    const line = { name, language, scheme, width, open, events, ...measured, violations, aria };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

async function violationsOf(page) {
  const { violations } = await page.evaluate(() => axe.run("#card", { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}

function picture(name, language, scheme, width, open) {
  const words = [name, language, scheme, width, ...(open ? ["more"] : [])].join(" ");
  return join(work.pictures, `${words.replace(/[^\p{L}\d]+/gu, "-")}.png`);
}
