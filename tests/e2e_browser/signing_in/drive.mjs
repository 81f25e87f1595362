// A person at a browser. Reads one JSON object {chromium, app, backend, pictures} from standard input, walks through signing
// in, and writes one line for each step: {step, ok, seen}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.NODE_PATH}/`);
const { chromium } = require("playwright-core");
const given = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: given.chromium, args: ["--no-sandbox"] });
let failed = false;

async function step(name, page, act, expected) {
  let seen;
  try {
    seen = await act();
    const ok = expected(seen);
    failed ||= !ok;
    console.log(JSON.stringify({ step: name, ok, seen }));
  } catch (error) {
    failed = true;
    console.log(JSON.stringify({ step: name, ok: false, seen: String(error).slice(0, 600) }));
  }
  await page.screenshot({ path: `${given.pictures}/${name.replace(/\W+/g, "-")}.png` });
}

const shown = async (page) => {
  await page.waitForFunction(() => document.getElementById("shown")?.textContent?.startsWith("{"), null, { timeout: 20000 });
  return JSON.parse(await page.textContent("#shown"));
};
const press = async (page, id) => {
  await page.evaluate(() => (document.getElementById("shown").textContent = ""));
  await page.click(`#${id}`);
};
const open = async (context, provider, more = "") => {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.log(JSON.stringify({ step: "page error", ok: false, seen: String(error) })));
  await page.goto(`${given.app}/?backend=${encodeURIComponent(given.backend)}&provider=${provider}${more}`);
  return page;
};

async function atOpenid(window, login) {
  await window.waitForSelector("input[name=login]", { timeout: 20000 });
  await window.fill("input[name=login]", login);
  await window.fill("input[name=password]", "any");
  await window.click("button[type=submit]");
  await window.waitForSelector("text=Continue", { timeout: 20000 });
  await window.click("button[type=submit]");
}

async function popup(page, act) {
  const [window] = await Promise.all([page.waitForEvent("popup", { timeout: 20000 }), press(page, "sign-in")]);
  const closed = window.waitForEvent("close", { timeout: 20000 });
  await act(window);
  await closed;
  return shown(page);
}

const zoe = (seen) => seen.value?.userEntityRef === "user:default/zoe";

{
  const context = await browser.newContext();
  const page = await open(context, "oidc");
  await step("nobody is signed in at first", page, async () => (await press(page, "look-again"), shown(page)), (s) => s.value === null);
  await step("oidc: signs in through the popup", page, () => popup(page, (w) => atOpenid(w, "zoe")), (s) => zoe(s) && s.value.ownershipEntityRefs.includes("group:default/lamps") && s.value.profile.email === "zoe@theatre.example");
  await step("oidc: the popup has closed", page, async () => context.pages().length, (n) => n === 1);
  await step("oidc: the token opens the catalog", page, async () => (await press(page, "ask-catalog"), shown(page)), (s) => s.value?.status === 200 && s.value.total > 0);
  await step("oidc: a new window is signed in by its cookie", page, async () => (await press(page, "look-again"), shown(page)), zoe);
  await page.reload();
  await step("oidc: so is the page after a reload", page, async () => (await press(page, "look-again"), shown(page)), zoe);
  await step("oidc: signs out", page, async () => {
    await press(page, "sign-out");
    await shown(page);
    await press(page, "look-again");
    return shown(page);
  }, (s) => s.value === null);
  await context.close();
}
{
  const context = await browser.newContext();
  const page = await open(context, "oidc");
  await step("oidc: whom the catalog does not know is told so", page, () => popup(page, (w) => atOpenid(w, "stranger")), (s) => s.error?.message.includes("unable to resolve user identity"));
  await context.close();
}
{
  const context = await browser.newContext();
  const page = await open(context, "oidc", "&redirect=true");
  await step("oidc: signs in by redirect", page, async () => {
    await press(page, "sign-in").catch(() => {});
    await atOpenid(page, "zoe");
    await page.waitForURL(`${given.app}/**`, { timeout: 20000 });
    await page.waitForSelector("#look-again");
    await press(page, "look-again");
    return shown(page);
  }, zoe);
  await context.close();
}
{
  const context = await browser.newContext();
  const page = await open(context, "github");
  await step("github: signs in through the popup", page, () => popup(page, async (window) => {
    await window.waitForSelector("button:has-text('zoe')", { timeout: 20000 });
    await window.click("button:has-text('zoe')");
  }), zoe);
  await step("github: a new window is signed in by its cookie", page, async () => (await press(page, "look-again"), shown(page)), zoe);
  await context.close();
}
await browser.close();
process.exit(failed ? 1 : 0);
