// The team: an admin adds somebody, who comes by the link that is mailed, and is out
// at once when removed.
import { accessible, expect, mailed, say, test } from "./portal.ts";

for (const { width, language, scheme } of [
  { width: 1280, language: "de", scheme: "light" },
  { width: 360, language: "en", scheme: "dark" },
] as const) {
  test.describe(`${width} px, ${language}, ${scheme}`, () => {
    test.use({ viewport: { width, height: 900 }, colorScheme: scheme, locale: language === "de" ? "de-DE" : "en-GB" });

    test("an agent comes by the mailed link, and is out at once when removed", async ({ page, browser, request, fresh, watch }) => {
      const portal = await fresh(language);
      const email = `nele.${portal.slug}@postern.example`;
      await page.goto(portal.path("team"));
      await expect(page.getByRole("heading", { level: 1, name: say(language, "team.title") })).toBeVisible();
      await expect(page.getByText(say(language, "team.you", { name: "Chris Chef" }))).toBeVisible();
      await accessible(page);

      // What is wrong is said beside its field, and nothing typed is lost.
      const address = page.getByLabel(say(language, "access.find.label"));
      await address.fill("chefin@postern.example");
      await page.getByLabel(say(language, "account.first")).fill("Nele");
      await page.getByLabel(say(language, "account.last")).fill("Neumann");
      await page.getByRole("button", { name: say(language, "team.add.submit") }).click();
      await expect(page.getByText(say(language, "team.error.already"))).toBeVisible();
      await expect(page.getByLabel(say(language, "account.first"))).toHaveValue("Nele");
      await accessible(page);
      await address.fill(email);
      await page.getByRole("button", { name: say(language, "team.add.submit") }).click();
      await expect(page.getByText(say(language, "team.done.added"))).toBeVisible();
      const row = page.getByRole("listitem").filter({ hasText: email });
      await expect(row.getByText(say(language, "team.login.pending"))).toBeVisible();
      await accessible(page);

      // The portal is off, which keeps customers out and not the team.
      const { url } = await mailed(request, email);
      const context = await browser.newContext({ locale: language === "de" ? "de-DE" : "en-GB", viewport: { width, height: 900 } });
      await watch(context);
      const nele = await context.newPage();
      await nele.goto(url);
      await nele.getByLabel(say(language, "signIn.password"), { exact: true }).fill("ein langes Passwort 7");
      await nele.getByRole("button", { name: say(language, "link.use.register.submit") }).click();
      await expect(nele).toHaveURL(new RegExp(`/${portal.slug}/inbox`));
      expect((await nele.goto(portal.path("team")))?.status()).toBe(403);
      await nele.goto(portal.path("inbox"));

      await row.getByRole("link", { name: say(language, "team.edit") }).click();
      await expect(page.getByText(say(language, "team.login.has"))).toBeVisible();
      await page.getByLabel(say(language, "team.setsUp")).check();
      await page.getByRole("button", { name: say(language, "team.change.submit") }).click();
      await expect(page.getByText(say(language, "team.done.changed"))).toBeVisible();
      await accessible(page);
      expect((await nele.goto(portal.path("team")))?.status()).toBe(200);

      await page.getByRole("link", { name: say(language, "team.remove.open") }).click();
      await expect(page.getByRole("heading", { level: 1, name: say(language, "team.remove.title", { name: "Nele Neumann" }) })).toBeVisible();
      await accessible(page);
      await page.getByRole("button", { name: say(language, "team.remove.submit") }).click();
      await expect(page.getByText(say(language, "team.done.removed"))).toBeVisible();
      await expect(page.getByRole("heading", { name: say(language, "team.owners") })).toBeVisible();
      await expect(page.getByRole("listitem").filter({ hasText: email }).getByText(say(language, "team.login.none"))).toBeVisible();
      await accessible(page);
      await nele.goto(portal.path("inbox"));
      await expect(nele).toHaveURL(new RegExp(`/${portal.slug}/sign-in`));
      await context.close();
    });

    test("the last admin stays, and nobody gives up their rights by a slip", async ({ page, fresh }) => {
      const portal = await fresh(language);
      await page.goto(portal.path("team"));
      await page.getByRole("link", { name: say(language, "team.edit") }).click();
      await page.getByLabel(say(language, "team.role"), { exact: true }).selectOption("agent");
      await page.getByRole("button", { name: say(language, "team.change.submit") }).click();
      await expect(page.getByRole("heading", { level: 1, name: say(language, "team.self.title") })).toBeVisible();
      await accessible(page);
      await page.getByRole("button", { name: say(language, "team.self.submit") }).click();
      await expect(page.getByText(say(language, "team.error.lastAdmin"))).toBeVisible();
      await accessible(page);
      await page.getByRole("link", { name: say(language, "team.remove.open") }).click();
      await expect(page.getByText(say(language, "team.remove.self"))).toBeVisible();
      await accessible(page);
      await page.getByRole("button", { name: say(language, "team.remove.submit") }).click();
      await expect(page.getByText(say(language, "team.error.lastAdmin"))).toBeVisible();
    });
  });
}
