// Where one is signed in, and how a session ends before one's eyes: time moves
// in the page by its clock, and on the server by what a route is made to say.
import type { BrowserContext, Page } from "@playwright/test";
import { accessible, box, drafts, expect, known, say, signIn, test, write, type Account, type Language } from "./portal";

const own = `/support/tickets/${known.own}`;
const warning = (page: Page, language: Language = "de") => page.getByRole("alertdialog", { name: say(language, "session.idle.title") });
/** Portals give the page a title of their own: what all have is its button. */
const signInPage = (page: Page) => page.getByRole("button", { name: say("de", "signIn.submit"), exact: true });

/** Opens the path in a session of this browser's own, with a clock to move. */
async function open(page: Page, path: string, account: Account, language: Language = "de"): Promise<void> {
  await page.clock.install();
  await page.goto(path);
  await signIn(page, account, language);
  await expect(page).toHaveURL(path);
  await page.waitForLoadState();
}

/** The server says that nobody has used the session for long. */
async function idle(context: BrowserContext): Promise<void> {
  await context.route("**/api/v1/*/session", async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    const answer = await route.fetch();
    if (!answer.ok()) return route.fulfill({ response: answer });
    return route.fulfill({ response: answer, json: { ...((await answer.json()) as object), idle_seconds: 0 } });
  });
}

for (const [language, locale, width] of [
  ["de", "de-DE", 360],
  ["en", "en-GB", 1280],
] as const) {
  test.describe(`in ${language}, ${width} px wide`, () => {
    test.use({ locale, viewport: { width, height: 800 } });

    test("the page warns before the end, and staying takes one key", async ({ page }) => {
      await open(page, "/support/tickets", "manager", language);
      await page.clock.fastForward("57:30");
      await expect(warning(page, language)).toBeHidden();
      await page.clock.fastForward("01:00");
      await expect(warning(page, language)).toBeVisible();
      await expect(warning(page, language)).toHaveAccessibleDescription(new RegExp(`${say(language, "session.left")} 1:\\d\\d`));
      await accessible(page);
      const stay = page.getByRole("button", { name: say(language, "session.idle.stay") });
      await expect(stay).toBeFocused();
      await page.keyboard.press("Tab");
      await expect(warning(page, language).getByRole("button", { name: say(language, "frame.signOut") })).toBeFocused();
      await page.keyboard.press("Shift+Tab");
      const used = page.waitForResponse("**/api/v1/support/account");
      await page.keyboard.press("Enter");
      expect((await used).status()).toBe(200);
      await expect(warning(page, language)).toBeHidden();
      await page.clock.fastForward("57:30");
      await expect(warning(page, language)).toBeHidden();
      await page.clock.fastForward("01:00");
      await expect(warning(page, language)).toBeVisible();
      await page.keyboard.press("Escape"); // is an answer as well
      await expect(warning(page, language)).toBeHidden();
      await expect(page.getByRole("heading", { level: 1, name: "Tickets" })).toBeVisible();
    });
  });
}

test("at the end nothing stays on the screen, and what was typed is back", async ({ page, context }) => {
  await open(page, own, "manager");
  await write(page, "Noch nicht fertig");
  await page.clock.runFor(1000);
  await expect.poll(async () => (await drafts(page)).length).toBe(1);
  await page.clock.fastForward("07:00"); // typing is use, and the server is told
  await page.clock.fastForward("55:00");
  await expect(warning(page)).toBeHidden();

  await idle(context);
  const ended = page.waitForRequest((request) => request.method() === "DELETE" && request.url().endsWith("/api/v1/support/session"));
  await page.clock.fastForward("12:00:00"); // the laptop slept
  await ended;
  await expect(signInPage(page)).toBeVisible();
  await expect(page.getByText(say("de", "signIn.idleMinutes.other", { count: "60" }))).toBeVisible();
  expect(await page.content()).not.toContain("Noch nicht fertig");
  await context.unroute("**/api/v1/*/session");
  // The server has ended it as well: no address leads back in.
  await page.goto("/support/tickets");
  await expect(signInPage(page)).toBeVisible();
  await page.goto(`/support/sign-in?next=${encodeURIComponent(own)}&signed-out=idle`);
  await signIn(page, "manager");
  await expect(page).toHaveURL(own);
  await expect(box(page)).toHaveText("Noch nicht fertig");
});

test("an answer of the team's waits as well, for its author alone", async ({ page, context, task }) => {
  const { inbox } = await task("idle end");
  await open(page, inbox, "admin");
  await write(page, "Nur für Admin", "de", "inbox.reply.label");
  await page.clock.runFor(1000);
  await expect.poll(async () => (await drafts(page)).length).toBe(1);
  await page.clock.fastForward("07:00");
  await idle(context);
  await page.clock.fastForward("02:00:00");
  await expect(signInPage(page)).toBeVisible();
  await context.unroute("**/api/v1/*/session");
  await signIn(page, "admin");
  await expect(page).toHaveURL(inbox);
  await expect(box(page, "de", "inbox.reply.label")).toHaveText("Nur für Admin");

  // The next person at the computer.
  await page.clock.runFor(1000);
  await idle(context);
  await page.clock.fastForward("02:00:00");
  await expect(signInPage(page)).toBeVisible();
  await context.unroute("**/api/v1/*/session");
  await signIn(page, "agent");
  await expect(page).toHaveURL(inbox);
  await expect.poll(() => drafts(page)).toEqual([]);
  expect(await page.content()).not.toContain("Nur für Admin");
});

test.describe("several tabs", () => {
  test.use({ expected: [/401 \(Unauthorized\).*\/session/] });

  test("tabs keep each other signed in, and end together", async ({ page, context }) => {
    await open(page, "/support/tickets", "solo");
    const other = await context.newPage();
    await other.clock.install();
    await other.goto("/support/account");
    await page.clock.fastForward("58:30");
    await expect(warning(page)).toBeVisible();
    await other.getByLabel("Vorname").focus();
    await other.keyboard.press("End");
    await other.clock.fastForward("07:00"); // tells the server, and the others
    await expect(warning(page)).toBeHidden();
    await other.clock.fastForward("58:30");
    await expect(warning(other)).toBeVisible();
    await page.reload(); // use as well
    await expect(warning(other)).toBeHidden();

    await page.locator("summary", { hasText: "Selma" }).click();
    await page.getByRole("button", { name: "Abmelden", exact: true }).click();
    await expect(page.getByText(say("de", "signIn.signedOut"))).toBeVisible();
    await expect(signInPage(other)).toBeVisible();
    await expect(other.getByText(say("de", "signIn.ended"))).toBeVisible();
  });

  test("who signs in elsewhere in the browser takes the others' pages away", async ({ page, context }) => {
    await open(page, own, "manager");
    const other = await context.newPage();
    await other.goto("/support/sign-in");
    await context.clearCookies(); // the other page is told nothing of this
    await other.goto("/support/sign-in");
    await expect(signInPage(page)).toBeVisible();
    await signIn(other, "stranger", "de");
    await expect(other.getByRole("heading", { level: 1, name: "Tickets" })).toBeVisible();
    await page.goBack();
    await expect(page.getByRole("article")).toHaveCount(0);
  });
});

test("the end in any case is said too, and does not ask", async ({ page, context }) => {
  await context.route("**/support/tickets", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/(&#34;|&quot;)left\1:\d+/, "$1left$1:600") });
  });
  await open(page, "/support/tickets", "solo");
  await page.reload();
  const last = page.getByRole("alertdialog", { name: say("de", "session.over.title") });
  await page.clock.fastForward("08:30");
  await expect(last).toBeVisible();
  await accessible(page);
  await page.keyboard.press("Enter");
  await expect(last).toBeHidden();
  await page.clock.runFor(2000);
  await expect(last).toBeHidden();
  await context.unroute("**/support/tickets");
  // The server knows better, and it is not the end: the page is back.
  const asked = page.waitForResponse((response) => response.url().endsWith("/api/v1/support/session"));
  await page.clock.fastForward("01:30");
  await asked;
  await expect(page.getByRole("heading", { level: 1, name: "Tickets" })).toBeVisible();
});

test.describe("one's sessions", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  test("are listed, and end where one likes", async ({ page, browser }) => {
    await page.goto("/bestellungen/account");
    await signIn(page, "admin");
    await expect(page.getByRole("heading", { level: 1, name: "Mein Konto" })).toBeVisible();
    const phone = await browser.newContext({
      userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    });
    const other = await phone.newPage();
    await other.goto("/bestellungen/account");
    await signIn(other, "admin");
    await expect(other.getByRole("heading", { level: 1, name: "Mein Konto" })).toBeVisible();

    await page.reload();
    const rows = page.getByRole("listitem").filter({ hasText: "Angemeldet:" });
    await expect(rows.first()).toContainText(say("de", "account.session.current"));
    await expect(rows.filter({ hasText: say("de", "account.session.current") })).toHaveCount(1);
    await accessible(page);
    await rows.filter({ hasText: "Safari auf iOS" }).getByRole("button", { name: "Sitzung beenden: Safari auf iOS" }).press("Enter");
    await expect(page.getByText(say("de", "account.session.ended"))).toBeVisible();
    await expect(rows.filter({ hasText: "Safari auf iOS" })).toHaveCount(0);
    await other.reload();
    await expect(signInPage(other)).toBeVisible();

    await signIn(other, "admin");
    await expect(other.getByRole("heading", { level: 1, name: "Mein Konto" })).toBeVisible();
    await page.reload();
    await page.getByRole("button", { name: say("de", "account.sessions.end") }).click();
    await expect(page.getByText(say("de", "account.sessions.ended"))).toBeVisible();
    await expect(rows).toHaveCount(1);
    await other.reload();
    await expect(signInPage(other)).toBeVisible();
    await phone.close();

    await rows.getByRole("button", { name: /^Sitzung beenden: / }).click();
    await expect(page.getByText(say("de", "signIn.signedOut"))).toBeVisible();
  });
});
