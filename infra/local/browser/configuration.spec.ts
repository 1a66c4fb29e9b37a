// The configuration as a file: downloaded, changed, shown, taken; and a portal that is
// archived and restored.
import { readFile } from "node:fs/promises";
import { accessible, expect, fits, links, say, test } from "./portal";

for (const { width, language, scheme } of [
  { width: 1280, language: "de", scheme: "light" },
  { width: 360, language: "en", scheme: "dark" },
] as const) {
  test.describe(`${width} px, ${language}, ${scheme}`, () => {
    test.use({ viewport: { width, height: 900 }, colorScheme: scheme, locale: language === "de" ? "de-DE" : "en-GB" });
    const file = (text: string) => ({ name: "portal.yaml", mimeType: "application/yaml", buffer: Buffer.from(text) });

    test("a file is downloaded, changed, shown and taken", async ({ page, fresh }) => {
      const portal = await fresh(language);
      await page.goto(portal.path("settings/configuration"));
      await expect(page.getByRole("heading", { level: 1, name: say(language, "configuration.title") })).toBeVisible();
      await accessible(page);
      await fits(page);
      const download = page.waitForEvent("download");
      await page.getByRole("link", { name: say(language, "configuration.download.yaml") }).click();
      const text = await readFile(await (await download).path(), "utf8");
      expect(text).toContain("words: {}");

      await page.getByLabel(say(language, "configuration.file"), { exact: true }).setInputFiles(
        file(text.replace("words: {}", "words:\n    de: {one: Fall, many: Fälle}\n    en: {one: Case, many: Cases}")),
      );
      await page.getByRole("button", { name: say(language, "configuration.check") }).click();
      await expect(page.getByRole("heading", { name: say(language, "configuration.changes") })).toBeVisible();
      await expect(page.locator("#changes ins")).toHaveText("Fall, Fälle, Case, Cases");
      await expect(page.getByRole("textbox", { name: say(language, "configuration.text") })).toHaveValue(/many: Fälle/);
      await accessible(page);
      await fits(page);
      await page.getByRole("button", { name: say(language, "configuration.apply") }).click();
      await expect(page.getByText(say(language, "configuration.applied"))).toBeVisible();
      await page.goto(portal.path("tickets"));
      await expect(page.getByRole("heading", { level: 1, name: language === "de" ? "Fälle" : "Cases" })).toBeVisible();
    });

    test("what is wrong is said line by line, and nothing typed is lost", async ({ page, fresh }) => {
      const portal = await fresh(language);
      await page.goto(portal.path("settings/configuration"));
      const text = "postern: 2\nsettings:\n  name: ''\n  columns:\n  - {property: nope}\n  closing: vielleicht\n";
      await page.getByRole("textbox", { name: say(language, "configuration.text") }).fill(text);
      await page.getByRole("button", { name: say(language, "configuration.check") }).click();
      const wrong = page.getByRole("alert");
      await expect(wrong.getByRole("listitem")).toHaveCount(4);
      for (const [line, field, key] of [
        ["1", "postern", "configuration.error.newer"],
        ["3", "settings.name", "settings.error.empty"],
        ["5", "settings.columns.0", "settings.error.property"],
        ["6", "settings.closing", "configuration.error.bool"],
      ] as const) {
        await expect(wrong).toContainText(say(language, "configuration.line", { line, field }) + " " + say(language, key, { version: "2", known: "1" }));
      }
      await expect(page.getByRole("textbox", { name: say(language, "configuration.text") })).toHaveValue(text);
      await accessible(page);
      await fits(page);
    });

    test("the sample's portal is taken by a new one", async ({ page, fresh, api }) => {
      const portal = await fresh(language);
      const answer = await (await api("admin")).get("/api/v1/support/settings/configuration?format=yaml");
      expect(answer.status()).toBe(200);
      await page.goto(portal.path("settings/configuration"));
      await page.getByLabel(say(language, "configuration.file"), { exact: true }).setInputFiles(file(await answer.text()));
      await page.getByRole("button", { name: say(language, "configuration.check") }).click();
      await expect(page.locator("#changes")).toContainText("Nordlicht Support");
      await accessible(page);
      await fits(page);
      await page.getByRole("button", { name: say(language, "configuration.apply") }).click();
      await expect(page.getByText(say(language, "configuration.applied"))).toBeVisible();
      const settings = (await (await portal.api.get(`/api/v1/${portal.slug}/settings`)).json()) as { name: string; active: boolean };
      expect(settings).toMatchObject({ name: "Nordlicht Support", active: false });
    });

    test("a portal is copied, and its maker comes in by the mailed link", async ({ page, browser, request, fresh, watch }) => {
      const portal = await fresh(language);
      const slug = `k-${portal.slug}`.slice(0, 40).replace(/-+$/, "");
      await page.goto(portal.path("settings/configuration"));
      await page.getByLabel(say(language, "settings.name"), { exact: true }).fill("Zweites Portal");
      await page.getByLabel(say(language, "settings.slug"), { exact: true }).fill("assets");
      await page.getByRole("button", { name: say(language, "configuration.copy.do") }).click();
      await expect(page.getByText(say(language, "settings.error.slugReserved"))).toBeVisible();
      await expect(page.getByLabel(say(language, "settings.name"), { exact: true })).toHaveValue("Zweites Portal");
      await page.getByLabel(say(language, "settings.slug"), { exact: true }).fill(slug);
      await page.getByRole("button", { name: say(language, "configuration.copy.do") }).click();
      await expect(page.getByText(say(language, "configuration.copied", { slug }))).toBeVisible();
      await accessible(page);
      await fits(page);
      const context = await browser.newContext({ locale: language === "de" ? "de-DE" : "en-GB" });
      await watch(context);
      const maker = await context.newPage();
      const link = async () => (await links(request, "chefin@postern.example")).find(({ url }) => url.includes(`/${slug}/link/`))?.url ?? "";
      await expect.poll(link).not.toBe("");
      await maker.goto(await link());
      await maker.getByLabel(say(language, "signIn.password"), { exact: true }).fill("ein langes Passwort 7");
      await maker.getByRole("button", { name: say(language, "link.use.register.submit") }).click();
      await expect(maker).toHaveURL(new RegExp(`/${slug}/inbox`));
      await maker.goto(`/${slug}/settings/general`);
      await expect(maker.getByLabel(say(language, "settings.name"), { exact: true })).toHaveValue("Zweites Portal");
      await context.close();
    });

    test("a portal is archived, and restored by its admin", async ({ page, fresh }) => {
      const portal = await fresh(language);
      await page.goto(portal.path("settings/configuration"));
      const confirm = page.getByLabel(say(language, "configuration.archive.confirm", { slug: portal.slug }));
      await confirm.fill("x");
      await page.getByRole("button", { name: say(language, "configuration.archive.do") }).click();
      await expect(page.getByText(say(language, "configuration.archive.error", { slug: portal.slug }))).toBeVisible();
      await accessible(page);
      await confirm.fill(portal.slug);
      await page.getByRole("button", { name: say(language, "configuration.archive.do") }).click();
      await expect(page.getByRole("heading", { level: 1, name: say(language, "configuration.archived") })).toBeVisible();
      await accessible(page);
      await fits(page);
      await page.goto(portal.path("inbox")); // which leads to all that is left
      await expect(page).toHaveURL(portal.path("settings/configuration"));
      await page.getByRole("button", { name: say(language, "configuration.restore") }).click();
      await expect(page.getByText(say(language, "configuration.restored"))).toBeVisible();
      await page.goto(portal.path("inbox"));
      await expect(page).toHaveURL(portal.path("inbox"));
    });
  });
}

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false, locale: "en-GB" });

  test("a file is shown and taken", async ({ page, fresh }) => {
    const portal = await fresh("en");
    await page.goto(portal.path("settings/configuration"));
    await page.getByRole("textbox", { name: say("en", "configuration.text") }).fill("postern: 1\nsettings: {name: By hand}\n");
    await page.getByRole("button", { name: say("en", "configuration.check") }).click();
    await expect(page.locator("#changes ins")).toHaveText("By hand");
    await page.getByRole("button", { name: say("en", "configuration.apply") }).click();
    await expect(page.getByText(say("en", "configuration.applied"))).toBeVisible();
  });
});
