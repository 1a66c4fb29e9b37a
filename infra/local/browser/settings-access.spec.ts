// Who gets in, how they sign in, and what the pages on the way say.
import type { Locator, Page } from "@playwright/test";
import { accessible, expect, fits, say, test, type Fresh } from "./portal.ts";

const form = (page: Page): Locator => page.locator("form[data-settings]");
const saveButton = (page: Page): Locator => page.getByRole("button", { name: say("de", "button.save") });

/** Presses a button that changes the form, and waits until it has. */
async function press(page: Page, button: Locator): Promise<void> {
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await button.click();
  await answer;
  await expect(form(page)).not.toHaveAttribute("aria-busy", "true");
}

async function settings(portal: Fresh): Promise<Record<string, unknown>> {
  const answer = await portal.api.get(`/api/v1/${portal.slug}/settings`);
  expect(answer.status()).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

async function save(page: Page): Promise<void> {
  await saveButton(page).click();
  await expect(page.getByText(say("de", "settings.saved"))).toBeVisible();
}

test("a provider is added with its secret, which nobody reads again", async ({ page, fresh }) => {
  const portal = await fresh();
  await page.goto(portal.path("settings/access"));
  await press(page, page.getByRole("button", { name: say("de", "settings.sso.openid"), exact: true }));
  const row = page.locator("[id='providers.0']");
  await expect(row.getByLabel(say("de", "settings.sso.name"))).toBeFocused();
  await row.getByLabel(say("de", "settings.sso.name")).fill("Nordlicht");
  const callback = await row.getByRole("region", { name: say("de", "settings.sso.callback") }).innerText();
  expect(callback).toMatch(new RegExp(`/${portal.slug}/sso/[0-9a-z]{26}/callback$`));
  await row.getByLabel(say("de", "settings.sso.issuer")).fill("https://idp.example");
  await row.getByLabel(say("de", "settings.sso.secret")).fill("streng geheim");
  // What is wrong loses nothing, the secret neither.
  await saveButton(page).click();
  await expect(row.getByText(say("de", "provider.error.clientId"))).toBeVisible();
  await expect(row.getByText(say("de", "settings.sso.secret.set"))).toBeVisible();
  expect(await page.content()).not.toContain("streng geheim");
  await accessible(page);
  await row.getByLabel(say("de", "settings.sso.clientId")).fill("portal");
  await save(page);
  await expect(row.getByRole("region", { name: say("de", "settings.sso.callback") })).toHaveText(callback);
  await expect(row.getByRole("link", { name: say("de", "settings.sso.try", { provider: "Nordlicht" }) })).toBeVisible();
  const saved = (await settings(portal))["providers"] as { secret: string; client_id: string }[];
  expect(saved[0]!.client_id).toBe("portal");
  expect(saved[0]!.secret).not.toBe("");
  expect(JSON.stringify(saved)).not.toContain("streng geheim");
  // People find it where they sign in.
  await page.goto(portal.path("sign-in?preview=sign-in"));
  await expect(page.getByText(say("de", "signIn.with", { provider: "Nordlicht" }))).toBeVisible();
});

test("metadata that cannot be reached are said so, and what was typed stays", async ({ page, fresh }) => {
  const portal = await fresh();
  await page.goto(portal.path("settings/access"));
  await press(page, page.getByRole("button", { name: say("de", "settings.sso.saml"), exact: true }));
  const row = page.locator("[id='providers.0']");
  await row.getByLabel(say("de", "settings.sso.name")).fill("Haus-SSO");
  const address = row.getByLabel(say("de", "settings.sso.metadata.url"));
  await address.fill("http://127.0.0.1:1/metadata");
  await press(page, row.getByRole("button", { name: say("de", "settings.sso.metadata.load") }));
  await expect(row.getByText(say("de", "settings.sso.error.unreachable", { host: "127.0.0.1:1" }))).toBeVisible();
  await expect(address).toHaveValue("http://127.0.0.1:1/metadata");
  await expect(address).toBeFocused();
  await expect(row.getByLabel(say("de", "settings.sso.name"))).toHaveValue("Haus-SSO");
  const text = row.getByLabel(say("de", "settings.sso.metadata.text"));
  await text.fill("<html></html>");
  await press(page, row.getByRole("button", { name: say("de", "settings.sso.metadata.load") }));
  await expect(row.getByText(say("de", "provider.error.metadata"))).toBeVisible();
  await expect(text).toHaveValue("<html></html>");
  await accessible(page);
});

test("groups are put together; one with members stays", async ({ page, fresh }) => {
  const portal = await fresh();
  const joined = await portal.api.post(`/api/v1/${portal.slug}/access/groups/customers/members`, { data: { email: "anna@kunde.example" } });
  expect(joined.status()).toBe(200);
  await page.goto(portal.path("settings/access"));
  await press(page, page.getByRole("button", { name: say("de", "settings.groups.add.rule") }));
  const second = page.locator("[id='groups.1']");
  await expect(second.getByLabel(say("de", "settings.groups.name"))).toBeFocused();
  await second.getByLabel(say("de", "settings.groups.name")).fill("Partner");
  await press(page, second.getByRole("button", { name: say("de", "settings.filter.first") }));
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await second.getByLabel(say("de", "settings.filter.property")).selectOption("email_domain");
  await answer;
  await expect(form(page)).not.toHaveAttribute("aria-busy", "true");
  await second.getByLabel(say("de", "settings.filter.value"), { exact: true }).fill("partner.example");
  await press(page, page.getByRole("button", { name: `${say("de", "rows.up")}: Partner`, exact: true }));
  await expect(page.locator("[id='groups.0']").getByLabel(say("de", "settings.groups.name"))).toHaveValue("Partner");
  await save(page);
  const saved = (await settings(portal))["groups"] as { id: string; name: string; static: boolean; rule: unknown }[];
  expect(saved.map((g) => [g.name, g.static])).toEqual([
    ["Partner", false],
    ["Customers", true],
  ]);
  expect(saved[0]!.rule).toEqual([[{ property: "email_domain", op: "is", values: ["partner.example"] }]]);
  await press(page, page.getByRole("button", { name: `${say("de", "rows.remove")}: Customers`, exact: true }));
  await saveButton(page).click();
  await expect(page.locator("#groups > .error")).toHaveText(say("de", "settings.groups.error.members", { group: "Customers", count: "1" }));
  expect(((await settings(portal))["groups"] as object[]).length).toBe(2);
});

test("own words are on the page that visitors meet", async ({ page, fresh }) => {
  const portal = await fresh();
  await page.goto(portal.path("settings/pages"));
  await page.locator("summary").filter({ hasText: say("de", "systemPage.name.signIn") }).first().click();
  const fold = page.locator("[id='system_pages.sign-in']");
  await fold.getByLabel(say("de", "settings.pages.title")).first().fill("Willkommen bei {portal}");
  await fold.getByLabel(say("de", "settings.pages.text")).first().fill("Bitte hier entlang, {name}.");
  await page.getByLabel(say("de", "systemPage.template.split")).check();
  await saveButton(page).click();
  // The fold is open where something is wrong.
  await expect(fold.locator(".error").first()).toBeVisible();
  await fold.getByLabel(say("de", "settings.pages.text")).first().fill("Bitte hier entlang.");
  await save(page);
  await page.goto(portal.path("sign-in?preview=sign-in"));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^Willkommen bei /);
  await expect(page.getByText("Bitte hier entlang.")).toBeVisible();
  await expect(page.locator("body")).toHaveClass(/card-split/);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a provider and a group are added by their buttons", async ({ page, fresh }) => {
    const portal = await fresh();
    await page.goto(portal.path("settings/access"));
    await page.getByRole("button", { name: say("de", "settings.groups.add.static") }).click();
    await page.locator("[id='groups.1']").getByLabel(say("de", "settings.groups.name")).fill("Partner");
    await page.getByRole("button", { name: say("de", "settings.sso.google"), exact: true }).click();
    await expect(page.locator("[id='groups.1']").getByLabel(say("de", "settings.groups.name"))).toHaveValue("Partner");
    await page.locator("[id='providers.0']").getByLabel(say("de", "settings.sso.clientId")).fill("portal.apps.example");
    await save(page);
    const saved = await settings(portal);
    expect((saved["groups"] as { name: string }[]).map((g) => g.name)).toEqual(["Customers", "Partner"]);
    expect((saved["providers"] as { issuer: string; preset: string }[])[0]).toMatchObject({ preset: "google", issuer: "https://accounts.google.com" });
  });
});

for (const width of [360, 1280]) {
  for (const language of ["de", "en"] as const) {
    test.describe(`${width} px, ${language}`, () => {
      test.use({ viewport: { width, height: 800 }, locale: language === "de" ? "de-DE" : "en-GB", colorScheme: width < 720 ? "dark" : "light" });

      test("the pages", async ({ page, as }) => {
        await as("admin");
        for (const [section, title] of [
          ["access", "settings.consent.title"],
          ["pages", "settings.pages.words"],
        ] as const) {
          await page.goto(`/support/settings/${section}`);
          await expect(page.getByRole("heading", { level: 2, name: say(language, title) })).toBeVisible();
          for (const fold of await page.locator(".page-words > summary").all()) await fold.click();
          await accessible(page);
          await fits(page);
          if (process.env["SHOTS"]) await page.screenshot({ path: `/tmp/shots9e/${section}-${width}-${language}.png`, fullPage: true });
        }
      });
    });
  }
}
