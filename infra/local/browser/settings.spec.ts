// The settings' pages: from an empty portal to its first customer, two admins at once,
// what was, and every page by keyboard, without script and in both languages.
import type { Locator, Page } from "@playwright/test";
import { accessible, expect, fits, mailed, say, test } from "./portal";

const bar = (page: Page): Locator => page.locator("[data-save-bar]");

async function save(page: Page, language: "de" | "en" = "de"): Promise<void> {
  await bar(page).getByRole("button", { name: say(language, "button.save") }).click();
  await expect(page.getByText(say(language, "settings.saved"))).toBeVisible();
}

test("from an empty portal to its first customer", async ({ page, fresh, browser, watch, request }) => {
  const { slug, path } = await fresh();
  await page.goto(`/${slug}`);
  await page.getByRole("link", { name: say("de", "frame.settings"), exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: say("de", "settings.general") })).toBeVisible();
  await expect(page.getByText(say("de", "frame.off.team")).first()).toBeVisible();

  // Nothing has changed, so there is nothing to save.
  await expect(bar(page)).toBeHidden();
  const name = page.getByLabel(say("de", "settings.name"), { exact: true });
  await name.fill("Werkbank Hilfe");
  await expect(bar(page)).toBeVisible();
  await page.getByRole("switch", { name: say("de", "settings.active") }).check();
  await save(page);
  await expect(bar(page)).toBeHidden();
  await expect(page.locator(".brand-name")).toHaveText("Werkbank Hilfe");
  await expect(page).toHaveTitle(/Werkbank Hilfe/);
  await expect(page.getByText(say("de", "frame.off.team"))).toHaveCount(0);

  // Its link and snippet are there to be put elsewhere.
  await expect(page.locator(".snippet").first()).toContainText(`/${slug}`);

  // The first customer is let in, comes by the link that is mailed, and writes.
  await page.goto(path("access"));
  const email = `erste-${slug}@kunde.example`;
  await page.getByLabel(say("de", "access.invite.emails")).fill(email);
  await page.getByRole("button", { name: say("de", "access.invite.submit") }).click();
  const { url } = await mailed(request, email);
  const theirs = await browser.newContext({ locale: "de-DE" });
  await watch(theirs);
  const customer = await theirs.newPage();
  await customer.goto(url);
  await customer.locator('input[name="first"]').fill("Erste");
  await customer.locator('input[name="last"]').fill("Kundin");
  await customer.locator('input[name="new"]').fill("ein gutes langes Passwort");
  await customer.locator("main form button[type=submit]").first().click();
  await expect(customer).toHaveURL(new RegExp(`/${slug}/tickets`));
  await expect(customer.locator(".brand-name")).toHaveText("Werkbank Hilfe");
  await customer.getByRole("main").getByRole("link", { name: say("de", "frame.newTicket") }).first().click();
  await expect(customer.getByRole("heading", { level: 1 })).toHaveText("Wie können wir helfen?");
  await theirs.close();
});

test("two admins at once: nothing is overwritten that was not seen", async ({ page, context, fresh }) => {
  const { path } = await fresh();
  const other = await context.newPage();
  await page.goto(path("settings/general"));
  await other.goto(path("settings/general"));
  await other.getByLabel(say("de", "settings.name"), { exact: true }).fill("Von der anderen");
  await other.getByLabel(say("de", "settings.imprint")).fill("https://werkbank.example/impressum");
  await save(other);

  await page.getByLabel(say("de", "settings.name"), { exact: true }).fill("Von mir");
  await page.getByLabel(say("de", "settings.privacy")).fill("https://werkbank.example/datenschutz");
  await bar(page).getByRole("button", { name: say("de", "button.save") }).click();
  const clash = page.getByRole("alert").filter({ hasText: say("de", "settings.clash.title") });
  await expect(clash).toContainText("Von der anderen");
  await expect(clash).toContainText("chefin@postern.example");
  await expect(page.getByLabel(say("de", "settings.name"), { exact: true })).toHaveValue("Von mir");
  await expect(page.getByLabel(say("de", "settings.privacy"))).toHaveValue("https://werkbank.example/datenschutz");
  await expect(page.getByLabel(say("de", "settings.imprint"))).toHaveValue("https://werkbank.example/impressum");
  await accessible(page);
  await save(page);
  await expect(page.locator(".brand-name")).toHaveText("Von mir");

  // What was is in the history, and comes back by saving it.
  await page.getByRole("link", { name: say("de", "settings.history"), exact: true }).click();
  await expect(page.locator("del").filter({ hasText: "Von der anderen" })).toBeVisible();
  await accessible(page);
  await page.locator(".settings-main section").first().getByRole("link").click();
  await expect(page.getByLabel(say("de", "settings.name"), { exact: true })).toHaveValue("Von der anderen");
  await expect(bar(page)).toBeVisible();
  await save(page);
  await expect(page.locator(".brand-name")).toHaveText("Von der anderen");
  await other.close();
});

test("mistakes are said beside their fields, and nothing typed is lost", async ({ page, fresh }) => {
  const { path } = await fresh();
  await page.goto(path("settings/general"));
  await page.getByLabel(say("de", "settings.name"), { exact: true }).fill("");
  const address = page.getByLabel(say("de", "settings.slug"), { exact: true });
  await address.fill("Unsere Hilfe");
  await address.press("Enter");
  await expect(page.getByRole("link", { name: say("de", "settings.error.slug") })).toBeVisible();
  await expect(page.locator("#name-error")).toHaveText(say("de", "settings.error.empty"));
  await expect(page.getByLabel(say("de", "settings.slug"), { exact: true })).toHaveValue("unsere hilfe");
  await expect(bar(page)).toBeVisible();
  await accessible(page);
  await page.getByRole("link", { name: say("de", "settings.error.slug") }).click();
  await expect(page.getByLabel(say("de", "settings.slug"), { exact: true })).toBeFocused();
});

test("a former address leads to the new one", async ({ page, fresh }) => {
  const { slug, path } = await fresh();
  await page.goto(path("settings/general"));
  await page.getByLabel(say("de", "settings.slug"), { exact: true }).fill(`${slug}-um`);
  await save(page);
  await expect(page).toHaveURL(new RegExp(`/${slug}-um/settings/general`));
  await page.goto(path("settings/inbox"));
  await expect(page).toHaveURL(new RegExp(`/${slug}-um/settings/inbox`));
});

test("leaving asks before changes are lost", async ({ page, fresh }) => {
  const { path } = await fresh();
  await page.goto(path("settings/actions"));
  await page.getByRole("switch", { name: say("de", "settings.closing.on") }).uncheck();
  let asked = 0;
  page.on("dialog", (dialog) => {
    asked++;
    void dialog.accept();
  });
  await page.getByRole("link", { name: say("de", "settings.general"), exact: true }).click();
  await expect(page).toHaveURL(/settings\/general/);
  expect(asked).toBe(1);
  await page.goto(path("settings/actions"));
  await expect(page.getByRole("switch", { name: say("de", "settings.closing.on") })).toBeChecked();
});

test("a rule is written by keyboard alone, and holds", async ({ page, fresh, api }) => {
  void api;
  const { path } = await fresh();
  await page.goto(path("settings/permissions"));
  await page.getByRole("button", { name: say("de", "settings.filter.first") }).focus();
  await page.keyboard.press("Enter");
  const property = page.getByLabel(say("de", "settings.filter.property"), { exact: true });
  await expect(property).toBeFocused();
  await property.selectOption({ label: "Sprache" });
  const value = page.getByLabel(say("de", "settings.filter.value"), { exact: true });
  await expect(value).toBeVisible();
  await value.selectOption({ label: "Deutsch" });
  await page.getByRole("button", { name: say("de", "settings.filter.and") }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel(say("de", "settings.filter.property"), { exact: true })).toHaveCount(2);
  await expect(page.getByLabel(say("de", "settings.filter.property"), { exact: true }).nth(1)).toBeFocused();
  await expect(page.getByLabel(say("de", "settings.filter.value"), { exact: true }).first()).toHaveValue("de");
  await accessible(page);
  // One that is not finished is refused where it is.
  await bar(page).getByRole("button", { name: say("de", "button.save") }).click();
  await expect(page.locator(".filter-row.bad")).toHaveCount(1);
  await accessible(page);
  await page.getByRole("button", { name: say("de", "settings.filter.remove") }).nth(1).click();
  await expect(page.getByLabel(say("de", "settings.filter.property"), { exact: true })).toHaveCount(1);
  await save(page);
  await expect(page.getByLabel(say("de", "settings.filter.value"), { exact: true })).toHaveValue("de");
});

test("a test mail says whether mails arrive", async ({ page, fresh, request }) => {
  const { slug, path } = await fresh();
  await page.goto(path("settings/general"));
  const step = page.locator(".checklist li").filter({ hasText: say("de", "settings.check.mail") });
  await expect(step).toContainText(say("de", "settings.test.none"));
  await step.getByRole("button", { name: say("de", "settings.test.send") }).click();
  await expect(page).toHaveURL(new RegExp(`/${slug}/settings/general#test-mail$`));

  // It comes in the admin's language, and says where from.
  const arrived = async (): Promise<{ subject: string; text: string }[]> => {
    const { mail } = (await (await request.get("/_local/mail.json")).json()) as { mail: { to: string[]; subject: string; text: string }[] };
    return mail.filter((m) => m.text.includes(`/${slug}/settings/inbox`));
  };
  await expect.poll(() => arrived().then((all) => all.length)).toBe(1);
  const [mail] = await arrived();
  expect(mail!.text).toContain("no-reply@postern.example");
  expect(mail!.text).toContain(say("de", "mail.test.next"));

  // The list has it done without being asked, and the page about mails says when.
  await expect(step).toHaveClass(/done/);
  await page.goto(path("settings/inbox"));
  const status = page.locator("#test-mail");
  await expect(status).toContainText("chefin@postern.example");
  await expect(status.locator(".banner.ok")).toBeVisible();
  await accessible(page);

  // Of another address it says nothing.
  await page.getByLabel(say("de", "settings.mail.from")).fill("hilfe@nordlicht.example");
  await save(page);
  await expect(status).toContainText(say("de", "settings.test.otherSender").split("{from}")[0]!);
  await status.getByRole("button", { name: say("de", "settings.test.send") }).click();
  await expect.poll(() => arrived().then((all) => all.length)).toBe(2);
  await expect(status.locator(".banner.ok")).toContainText("hilfe@nordlicht.example");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the settings work all the same", async ({ page, fresh }) => {
    const { path } = await fresh();
    await page.goto(path("settings/permissions"));
    await page.getByRole("button", { name: say("de", "settings.filter.first") }).click();
    await page.getByLabel(say("de", "settings.filter.property"), { exact: true }).selectOption({ label: "Sprache" });
    await page.getByRole("button", { name: say("de", "settings.filter.refresh") }).click();
    await page.getByLabel(say("de", "settings.filter.value"), { exact: true }).selectOption({ label: "Deutsch" });
    await bar(page).getByRole("button", { name: say("de", "button.save") }).click();
    await expect(page.getByText(say("de", "settings.saved"))).toBeVisible();
    await expect(page.getByLabel(say("de", "settings.filter.value"), { exact: true })).toHaveValue("de");
  });
});

for (const [language, width] of [["de", 360], ["en", 1280]] as const) {
  test(`all pages, ${language}, ${width} px`, async ({ page, fresh }) => {
    test.slow();
    const { path } = await fresh(language);
    await page.setViewportSize({ width, height: 900 });
    await page.goto(path("settings"));
    const links = await page.locator(".settings-list a").evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).pathname));
    expect(links.length).toBeGreaterThan(9);
    for (const link of links) {
      await page.goto(link);
      await expect(page.locator("h1"), link).toBeVisible();
      await expect(page.locator('.settings-list a[aria-current="page"]'), link).toHaveCount(1);
      // axe has no way into the design's preview, whose frame runs no script: design.spec.ts.
      await (link.endsWith("/design") ? fits(page) : accessible(page));
    }
    if (width === 360) {
      const menu = page.locator(".settings-fold summary");
      await menu.focus();
      await page.keyboard.press("Enter");
      await expect(page.locator(".settings-list a").first()).toBeVisible();
      await accessible(page);
    }
  });
}
