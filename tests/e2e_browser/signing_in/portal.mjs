// A person at the portal: signs in, looks around, comes back, signs out, and lets another program in or not.
// Reads one JSON object {chromium, portal, pictures} from standard input, and writes one line for each step: {step, ok, seen}.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.NODE_PATH}/`);
const { chromium } = require("playwright-core");
const given = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: given.chromium, args: ["--no-sandbox"] });
const patience = { timeout: 30000 };
let failed = false;

async function step(name, page, act) {
  let seen = null;
  let ok = true;
  try {
    seen = (await act()) ?? null;
  } catch (error) {
    ok = false;
    seen = String(error).slice(0, 800);
  }
  failed ||= !ok;
  console.log(JSON.stringify({ step: name, ok, seen }));
  await page.screenshot({ path: `${given.pictures}/portal-${name.replace(/\W+/g, "-")}.png` });
}
function equal(is, wanted) {
  if (JSON.stringify(is) !== JSON.stringify(wanted)) throw new Error(`wanted ${JSON.stringify(wanted)}, saw ${JSON.stringify(is)}`);
  return is;
}
const see = (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor(patience);
const inside = (page) => page.getByRole("link", { name: "Settings" }).waitFor(patience);
const outside = (page) => see(page, "Select a sign-in method");
const card = (page, title) => page.getByRole("listitem").filter({ hasText: title });

async function someone() {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const refreshed = [];
  page.on("pageerror", (error) => {
    failed = true;
    console.log(JSON.stringify({ step: "page error", ok: false, seen: String(error) }));
  });
  page.on("response", (answer) => {
    const { pathname } = new URL(answer.url());
    if (pathname.endsWith("/refresh")) refreshed.push([pathname.split("/").at(-2), answer.status()]);
  });
  return { context, page, refreshed };
}
async function atOpenid(window, login) {
  await window.waitForSelector("input[name=login]", patience);
  await window.fill("input[name=login]", login);
  await window.fill("input[name=password]", "any");
  await window.click("button[type=submit]");
  await window.waitForSelector("text=Continue", patience);
  await window.click("button[type=submit]");
}
async function signIn(page, title, act) {
  const pressed = card(page, title).getByRole("button", { name: /sign in/i }).click(patience);
  const [window] = await Promise.all([page.waitForEvent("popup", patience), pressed]);
  await act(window);
}

{
  const { context, page, refreshed } = await someone();
  await step("the sign-in page offers what is configured", page, async () => {
    await page.goto(given.portal);
    await outside(page);
    const cards = await page.getByRole("listitem").allInnerTexts();
    return equal(cards.map((text) => text.trim().split("\n")[0]), ["Company login", "GitHub", "Guest"]);
  });
  await step("its page has no secrets of the providers", page, async () => {
    const source = await (await fetch(given.portal)).text();
    return equal(["secret-of-callboard", "clientSecret", "metadataUrl"].filter((word) => source.includes(word)), []);
  });
  await step("a stranger is told why not", page, async () => {
    await signIn(page, "Company login", (window) => atOpenid(window, "stranger"));
    await see(page, /unable to resolve user identity/);
    await outside(page);
  });
  await context.clearCookies();
  await step("signs in", page, async () => {
    await page.goto(given.portal);
    await signIn(page, "Company login", (window) => atOpenid(window, "zoe"));
    await inside(page);
    // The portal goes on as soon as it has been told, the window closes by itself.
    for (let left = 100; left && context.pages().length > 1; left--) await new Promise((next) => setTimeout(next, 100));
    equal(context.pages().length, 1);
  });
  await step("sees the catalog", page, async () => {
    await page.goto(`${given.portal}/?filters%5Bkind%5D=user&filters%5Buser%5D=all`);
    await see(page, "twin-one");
  });
  await step("a reload signs in by the cookie", page, async () => {
    refreshed.length = 0;
    await page.reload();
    await inside(page);
    return equal(refreshed[0], ["oidc", 200]);
  });
  await step("a second tab does too", page, async () => {
    const tab = await context.newPage();
    await tab.goto(`${given.portal}/settings`);
    await see(tab, "Zoë Lamplighter");
    await see(tab, "zoe@theatre.example");
    await tab.close();
  });
  await step("an expired token is renewed without a word", page, async () => {
    // The renewed session is asked for when less than five minutes are left; the clock of the page goes ahead.
    refreshed.length = 0;
    await page.clock.install();
    await page.clock.fastForward("56:00");
    await page.getByRole("link", { name: "Home" }).first().click(patience);
    await page.getByRole("link", { name: "APIs" }).first().click(patience);
    for (let left = 100; left && !refreshed.length; left--) await new Promise((next) => setTimeout(next, 100));
    return equal(refreshed[0], ["oidc", 200]);
  });
  await step("signs out", page, async () => {
    await page.goto(`${given.portal}/settings`);
    await page.getByRole("button", { name: "more" }).click(patience);
    await page.getByText("Sign Out").click(patience);
    await outside(page);
  });
  await step("stays out", page, async () => {
    refreshed.length = 0;
    await page.reload();
    await outside(page);
    const answer = await page.evaluate(async () => {
      const headers = { "X-Requested-With": "XMLHttpRequest" };
      return (await fetch("/api/auth/oidc/refresh?env=development", { headers, credentials: "include" })).status;
    });
    return equal(answer, 401);
  });
  await step("a guest gets in by the other door", page, async () => {
    await card(page, "Guest").getByRole("button", { name: /enter/i }).click(patience);
    await inside(page);
  });
  await context.close();
}

// ------------------------------------------------------------------------- another program asks to be let in
const arrived = [];
const program = createServer((request, answer) => {
  const url = new URL(request.url, "http://127.0.0.1");
  if (url.pathname === "/callback") arrived.push(Object.fromEntries(url.searchParams));
  answer.end("<h1>the program has it</h1>");
});
await new Promise((ready) => program.listen(0, "127.0.0.1", ready));
const callback = `http://127.0.0.1:${program.address().port}/callback`;
const asJson = { "content-type": "application/json" };

async function registered(name) {
  const body = JSON.stringify({ client_name: name, redirect_uris: [callback] });
  const answer = await fetch(`${given.portal}/api/auth/v1/register`, { method: "POST", headers: asJson, body });
  if (answer.status !== 201) throw new Error(`registration: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
const verifier = "v".repeat(50);
const asking = (client) =>
  `${given.portal}/api/auth/v1/authorize?${new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid",
    state: "state of the program",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  })}`;
{
  const { context, page } = await someone();
  const hostile = "<img src=x onerror=\"document.title='owned'\">Callboard\u202e\u0000\n   moc.live" + "!".repeat(100);
  const client = await registered(hostile);
  let consent;
  await step("consent: whoever is not signed in signs in first", page, async () => {
    await page.goto(asking(client));
    await outside(page);
    consent = page.url();
    await signIn(page, "Company login", (window) => atOpenid(window, "zoe"));
    await see(page, "Security Notice");
    return equal(new URL(page.url()).pathname.split("/").slice(1, 3), ["oauth2", "authorize"]);
  });
  await step("consent: a hostile name is text, in order, and short", page, async () => {
    const name = await page.getByText("onerror=").first().innerText(patience);
    if (name.length > 130 || /[\u202a-\u202e\u2066-\u2069\0\n]/.test(name)) throw new Error(JSON.stringify(name));
    equal(await page.locator("img[src=x]").count(), 0);
    equal((await page.title()).includes("owned"), false);
    await see(page, callback);
    return name;
  });
  await step("consent: refused", page, async () => {
    await page.getByRole("button", { name: "Cancel" }).click(patience);
    await see(page, "the program has it");
    const [told] = arrived.splice(0);
    return equal([told.error, told.state, told.code], ["access_denied", "state of the program", undefined]);
  });
  await step("consent: what was refused cannot be asked again", page, async () => {
    await page.goto(consent);
    await see(page, "Authorization Error");
  });
  await step("consent: given", page, async () => {
    await page.goto(asking(await registered("A helpful agent")));
    await see(page, "A helpful agent");
    await page.getByRole("button", { name: "Authorize" }).click(patience);
    await see(page, "the program has it");
  });
  await step("consent: a code that was given to one program is of no use to another", page, async () => {
    const [{ code }] = arrived.splice(0);
    const body = JSON.stringify({
      grant_type: "authorization_code",
      code,
      redirect_uri: callback,
      code_verifier: verifier,
      client_id: client.client_id,
      client_secret: client.client_secret,
    });
    const answer = await fetch(`${given.portal}/api/auth/v1/token`, { method: "POST", headers: asJson, body });
    return equal(answer.status >= 400, true);
  });
  await step("consent: the program acts for the user", page, async () => {
    const own = await registered("A helpful agent");
    await page.goto(asking(own));
    await page.getByRole("button", { name: "Authorize" }).click(patience);
    await see(page, "the program has it");
    const [{ code }] = arrived.splice(0);
    const body = JSON.stringify({
      grant_type: "authorization_code",
      code,
      redirect_uri: callback,
      code_verifier: verifier,
      client_id: own.client_id,
      client_secret: own.client_secret,
    });
    const answer = await fetch(`${given.portal}/api/auth/v1/token`, { method: "POST", headers: asJson, body });
    const { access_token: token } = await answer.json();
    const authorization = `Bearer ${token}`;
    const who = await (await fetch(`${given.portal}/api/auth/v1/userinfo`, { headers: { authorization } })).json();
    const people = await fetch(`${given.portal}/api/catalog/entities/by-query?filter=kind=user`, { headers: { authorization } });
    return equal([who.claims.sub, people.status], ["user:default/zoe", 200]);
  });
  await context.close();
}
program.close();
await browser.close();
process.exit(failed ? 1 : 0);
