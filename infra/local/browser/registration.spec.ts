// Who registers: at the portal offen, which lets anybody, by the mail that comes.
// And who is invited to support.
import type { APIRequestContext, Page } from "@playwright/test";
import { accessible, expect, say, test, type Mail } from "./portal";

/** The links that were mailed to the address, oldest first. */
async function links(request: APIRequestContext, email: string): Promise<{ mail: Mail; url: string }[]> {
  const answer = await request.get("/_local/mail.json");
  const { mail } = (await answer.json()) as { mail: Mail[] };
  return mail
    .filter((m) => m.to.some((to) => to.includes(email)))
    .map((m) => ({ mail: m, url: /https?:\/\/\S+\/link\/\S+/.exec(m.text)?.[0] ?? "" }))
    .filter((m) => m.url !== "")
    .reverse();
}

/** The n-th link that the address gets, once it has come. */
async function mailed(request: APIRequestContext, email: string, n = 1) {
  await expect.poll(() => links(request, email).then((all) => all.length)).toBe(n);
  return (await links(request, email))[n - 1]!;
}

const heading = (page: Page, key: Parameters<typeof say>[1], lang: "de" | "en" = "de") =>
  page.getByRole("heading", { level: 1, name: say(lang, key) });

for (const width of [360, 1280]) {
  test.describe(`${width} px`, () => {
    test.use({ viewport: { width, height: 800 } });

    test("somebody registers by keyboard, and reads what they agreed to", async ({ page, request }) => {
      const email = `nele${width}@neu.example`;
      await page.goto("/offen/sign-in");
      await page.getByRole("link", { name: say("de", "signIn.register") }).focus();
      await page.keyboard.press("Enter");
      await expect(heading(page, "link.register.title")).toBeVisible();
      await accessible(page);
      await page.getByLabel(say("de", "signIn.email")).fill(email);
      await page.keyboard.press("Enter");
      await expect(heading(page, "link.sent.title")).toBeVisible();
      expect(page.url()).not.toContain("neu.example");
      await accessible(page);

      const { url } = await mailed(request, email);
      await request.get(url); // as what reads mails does
      await page.goto(url);
      await expect(heading(page, "link.use.register.title")).toBeVisible();
      await accessible(page);
      const box = page.getByRole("checkbox");
      await expect(box).not.toBeChecked();
      await page.getByLabel(say("de", "account.first")).fill("Nele");
      await page.getByLabel(say("de", "signIn.password"), { exact: true }).fill("ein Kahn auf dem Fluss");
      await page.keyboard.press("Enter");
      await expect(page.getByText(say("de", "link.error.consent"))).toBeVisible();
      await expect(page.getByLabel(say("de", "account.first"))).toHaveValue("Nele");
      await accessible(page);
      await page.getByLabel(say("de", "signIn.password"), { exact: true }).fill("ein Kahn auf dem Fluss");
      await box.focus();
      await page.keyboard.press("Space");
      await page.keyboard.press("Enter");
      await expect(page).toHaveURL(/\/offen\/tickets$/);

      await page.goto("/offen/account");
      await expect(page.getByRole("heading", { name: say("de", "account.consents") })).toBeVisible();
      await expect(page.getByText("Ich bin einverstanden, dass Nordlicht diese Angaben speichert.")).toBeVisible();
      await accessible(page);

      // Once more: there is an account, and the mail says so to whose it is.
      await page.goto("/offen/account");
      await request.post("/api/v1/offen/links", { data: { email, kind: "register" } });
      const again = await mailed(request, email, 2);
      expect(again.mail.subject).toContain("schon einen Zugang");
      expect((await request.get(url)).status()).toBe(404);
    });

    test("without script, in English", async ({ browser, request, baseURL }) => {
      const email = `plain${width}@neu.example`;
      const context = await browser.newContext({ baseURL: baseURL!, javaScriptEnabled: false, locale: "en-GB", viewport: { width, height: 800 } });
      const page = await context.newPage();
      await page.goto("/offen/register");
      await page.getByLabel(say("en", "signIn.email")).fill(email);
      await page.getByRole("button", { name: say("en", "link.send") }).click();
      await expect(heading(page, "link.sent.title", "en")).toBeVisible();
      const { url } = await mailed(request, email);
      await page.goto(url);
      await page.getByLabel(say("en", "account.last")).fill("Plain");
      await page.getByLabel(say("en", "signIn.password"), { exact: true }).fill("a barge on the river");
      await page.getByRole("checkbox").check();
      await page.getByRole("button", { name: say("en", "link.use.register.submit") }).click();
      await expect(page).toHaveURL(/\/offen\/tickets$/);
      await context.close();
    });
  });
}

test("nobody registers where the team decides who gets in", async ({ page }) => {
  await page.goto("/support/sign-in");
  await expect(page.getByRole("link", { name: say("de", "signIn.register") })).toHaveCount(0);
  const answer = await page.goto("/support/register");
  expect(answer!.status()).toBe(403);
  await expect(heading(page, "link.closed.title")).toBeVisible();
});

test("a manager's colleague accepts the invitation", async ({ page, request, as, browser }) => {
  const email = "kollegin@nordwind.example";
  await as("manager");
  await page.goto("/support/colleagues");
  await page.getByLabel(say("de", "signIn.email")).first().fill(email);
  await page.keyboard.press("Enter");
  const { url, mail } = await mailed(request, email);
  expect(mail.text).toContain("Miriam Vogt");
  const elsewhere = await browser.newContext({ locale: "de-DE" });
  const other = await elsewhere.newPage();
  await other.goto(url);
  const name = other.getByLabel(say("de", "account.first"));
  if (await name.isVisible()) await name.fill("Kim");
  await other.getByLabel(say("de", "signIn.password"), { exact: true }).fill("ein Kahn auf dem Fluss");
  await other.keyboard.press("Enter");
  await expect(other).toHaveURL(/\/support\/tickets$/);
  await elsewhere.close();
});
