// node chats.mjs CHROMIUM URL [PICTURES]: a person at Microsoft's Agents Playground asks for a meeting in the 1:1, the group chat
// and the channel, presses what the card offers, and sees it change. One JSON object a chat: {chat, seen, problem}.

import { launch } from "./chromium.mjs";

const [, , chromium, url, pictures] = process.argv;
const SECONDS = 1000;
const CHATS = [
  { chat: "1:1", item: "Personal Chat", send: "Send Message", mention: false },
  { chat: "group chat", item: "On-call leads", send: "Send Message", mention: true },
  { chat: "channel", item: "Platform team - incidents", send: "Post", mention: true },
];

const browser = await launch(chromium);
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(20 * SECONDS);
  await page.goto(url);
  for (const one of CHATS) {
    const seen = [];
    let problem = "";
    try {
      await visit(page, one, seen);
    } catch (error) {
      problem = String(error).split("\n").slice(0, 4).join(" ");
    }
    if (pictures) await page.screenshot({ path: `${pictures}/playground-${one.chat.replace(/\W/g, "-")}.png` });
    process.stdout.write(`${JSON.stringify({ chat: one.chat, seen, problem })}\n`);
  }
} finally {
  await browser.close();
}

async function visit(page, { item, send, mention }, seen) {
  await page.getByRole("treeitem", { name: item }).click();
  await page.getByRole("button", { name: send, exact: true }).first().waitFor();
  await page.getByRole("textbox").first().click();
  if (mention) {
    await page.keyboard.type("@Muster");
    await page.getByRole("menuitem", { name: "Muster" }).click();
  }
  await page.keyboard.type(" meet now Retro");
  await page.getByRole("button", { name: send, exact: true }).first().click();
  const card = page.locator(".ac-adaptiveCard").filter({ has: page.getByRole("heading", { name: /Retro: / }) });
  await says(card.getByRole("heading", { name: "Retro: open" }), seen);
  await card.getByRole("button", { name: "More" }).click();
  await says(card.getByText(/Teams meeting ID/), seen);
  const end = card.getByRole("button", { name: /^End/ });
  if (await end.count()) {
    await end.first().click();
    await says(card.getByRole("heading", { name: /Retro: (ended|closed)/ }), seen);
  } else {
    await card.getByRole("button", { name: "Details as text" }).click();
    await says(page.getByText(/To read aloud|Retro by phone/).first(), seen);
  }
}

async function says(found, seen) {
  await found.waitFor();
  seen.push((await found.innerText()).split("\n")[0]);
}
