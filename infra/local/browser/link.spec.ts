// Ways in by mail: a link that sets a new password, and one that signs in. Each
// test has a contact of its own, who had no password before: nobody else signs in
// as them.
import type { Page } from "@playwright/test";
import { accessible, expect, links, mailed, say, test } from "./portal";

async function enter(page: Page, email: string, secret: string) {
  await page.getByLabel(say("de", "signIn.email")).fill(email);
  await page.getByLabel(say("de", "signIn.password"), { exact: true }).fill(secret);
  await page.getByRole("button", { name: say("de", "signIn.submit"), exact: true }).click();
}

const heading = (page: Page, key: Parameters<typeof say>[1]) => page.getByRole("heading", { level: 1, name: say("de", key) });

for (const width of [360, 1280]) {
  test.describe(`${width} px`, () => {
    test.use({ viewport: { width, height: 800 } });

    test("a forgotten password is set anew by keyboard, and ends what was open", async ({ page, request, browser }) => {
      const email = width === 360 ? "inga.soltau@hafenkante.example" : "cem.arslan@hafenkante.example";
      const [first, second] = ["ein Kahn auf dem Fluss", "zwei Kähne auf dem Fluss"];
      await page.goto("/support/sign-in?next=%2Fsupport%2Faccount");
      await page.getByLabel(say("de", "signIn.email")).fill(email);
      await page.getByRole("link", { name: say("de", "signIn.forgot") }).focus();
      await page.keyboard.press("Enter");
      await expect(heading(page, "link.reset.title")).toBeVisible();
      // What was typed came along, and no address says it.
      await expect(page.getByLabel(say("de", "signIn.email"))).toHaveValue(email);
      expect(page.url()).not.toContain("hafenkante");
      await accessible(page);
      await page.getByLabel(say("de", "signIn.email")).focus();
      await page.keyboard.press("Enter");
      await expect(heading(page, "link.sent.title")).toBeVisible();
      expect(page.url()).not.toContain("hafenkante");
      await accessible(page);

      const { mail, url } = await mailed(request, email);
      expect(mail.subject).toContain("Ihr neues Passwort");
      await page.goto(url);
      await expect(heading(page, "link.use.reset.title")).toBeVisible();
      await accessible(page);
      const field = page.getByLabel(say("de", "account.newPassword"));
      await field.fill("passwort");
      await page.keyboard.press("Enter");
      await expect(field).toHaveAccessibleDescription(/mindestens 10 Zeichen/);
      await expect(field).toBeFocused();
      await field.fill(first);
      await page.keyboard.press("Enter");
      await expect(heading(page, "account.title")).toBeVisible();

      // Once more: the session that is open now ends, and so does the password.
      const elsewhere = await browser.newContext({ locale: "de-DE" });
      const other = await elsewhere.newPage();
      await other.goto("/support/reset");
      await other.getByLabel(say("de", "signIn.email")).fill(email);
      await other.getByRole("button", { name: say("de", "link.send") }).click();
      await other.goto((await mailed(request, email, 2)).url);
      await other.getByLabel(say("de", "account.newPassword")).fill(second);
      await other.getByRole("button", { name: say("de", "link.use.reset.submit") }).click();
      await expect(other.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(other).toHaveURL(/\/support\/tickets$/);
      await elsewhere.close();
      await page.goto("/support/account");
      await expect(heading(page, "signIn.title")).toBeVisible();
      await enter(page, email, first);
      await expect(page.getByText(say("de", "signIn.error.failed"))).toBeVisible();
      await enter(page, email, second);
      await expect(heading(page, "account.title")).toBeVisible();
    });

    test("a link signs in once", async ({ page, request, browser }) => {
      const email = width === 360 ? "greta.harms@nordwind.example" : "henning.claassen@nordwind.example";
      await page.goto("/support/sign-in");
      await page.getByRole("link", { name: say("de", "signIn.byLink") }).click();
      await expect(heading(page, "link.signIn.title")).toBeVisible();
      await accessible(page);
      await page.getByLabel(say("de", "signIn.email")).fill("nonsense");
      await page.getByRole("button", { name: say("de", "link.send") }).click();
      await expect(page.getByLabel(say("de", "signIn.email"))).toHaveAccessibleDescription(say("de", "link.error.email"));
      await page.getByLabel(say("de", "signIn.email")).fill(email);
      await page.getByRole("button", { name: say("de", "link.send") }).click();
      await expect(heading(page, "link.sent.title")).toBeVisible();

      const { url } = await mailed(request, email);
      await request.get(url); // as what reads mails does
      await request.head(url);
      await page.goto(url);
      await accessible(page);
      await page.getByRole("button", { name: /•••@nordwind\.example/ }).click();
      await expect(page).toHaveURL(/\/support\/tickets$/);

      const elsewhere = await browser.newContext({ locale: "en-GB", viewport: { width, height: 800 } });
      const other = await elsewhere.newPage();
      const again = await other.goto(url);
      expect(again!.status()).toBe(404);
      await expect(other.getByRole("heading", { level: 1, name: say("en", "link.gone.title") })).toBeVisible();
      await accessible(other);
      await other.getByLabel(say("en", "signIn.email")).fill("nobody@nordwind.example");
      await other.getByRole("button", { name: say("en", "link.sendReset") }).click();
      await expect(other.getByRole("heading", { level: 1, name: say("en", "link.sent.title") })).toBeVisible();
      expect(await links(request, "nobody@nordwind.example")).toEqual([]);
      await elsewhere.close();
    });
  });
}

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a person without a password gets in", async ({ page, request }) => {
    const email = "dieter.kruse@nordwind.example";
    await page.goto("/support/sign-in");
    await page.getByRole("link", { name: say("de", "signIn.forgot") }).click();
    await page.getByLabel(say("de", "signIn.email")).fill(email);
    await page.getByRole("button", { name: say("de", "link.send") }).click();
    await expect(heading(page, "link.sent.title")).toBeVisible();
    await page.goto((await mailed(request, email)).url);
    await page.getByLabel(say("de", "account.newPassword")).fill("ein Kahn auf dem Fluss");
    await page.getByRole("button", { name: say("de", "link.use.reset.submit") }).click();
    await expect(page).toHaveURL(/\/support\/tickets$/);
  });
});
