// The pages on the way in and out, as a portal has them: in each template and
// language, previewed by who sets it up.
import type { Page } from "@playwright/test";
import { accessible, emails, expect, password, say, test } from "./portal";

/** The pages that are previewed at each address. */
const previews = {
  "sign-in": ["sign-in", "signed-out", "no-access", "off"],
  reset: ["reset", "check-mail", "set-password", "confirm", "link-gone"],
  "sign-in-link": ["sign-in-link"],
} as const;

for (const { name, use } of [
  { name: "wide, light", use: {} },
  { name: "phone, dark", use: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: "dark" as const } },
]) {
  test.describe(name, () => {
    test.use(use);

    for (const template of ["card", "split", "plain"]) {
      test(`every page is accessible as ${template}, in both languages, and sends nothing`, async ({ page, as }) => {
        test.setTimeout(180_000);
        await as("admin");
        const sent: string[] = [];
        page.on("request", (request) => request.method() !== "GET" && sent.push(request.url()));
        for (const [path, pages] of Object.entries(previews)) {
          for (const preview of pages) {
            for (const lang of ["de", "en"]) {
              await page.goto(`/support/${path}?preview=${preview}&template=${template}&lang=${lang}`);
              await expect(page.locator("html")).toHaveAttribute("lang", lang);
              await expect(page.locator("body")).toHaveClass(template === "card" ? "card-page" : `card-page card-${template}`);
              await accessible(page);
              await submitByKey(page);
            }
          }
        }
        expect(sent).toEqual([]);
      });
    }
  });
}

/** Presses Enter in every field, and every button of the page. */
async function submitByKey(page: Page) {
  const before = page.url();
  for (const field of await page.locator("main input").all()) if (await field.isVisible()) await field.press("Enter");
  for (const button of await page.locator("main button").all()) {
    await expect(button).toHaveAccessibleName(/gesendet|sent/);
    await button.press("Enter");
  }
  expect(page.url()).toBe(before);
}

test("who sets the portal up goes from preview to preview by keyboard, and without script", async ({ browser, session }) => {
  for (const javaScriptEnabled of [true, false]) {
    const context = await browser.newContext({ javaScriptEnabled, locale: "de-DE", baseURL: process.env["POSTERN_URL"]! });
    await context.addCookies(await session("admin"));
    const page = await context.newPage();
    await page.goto("/support/sign-in?preview");
    await expect(page.getByRole("heading", { level: 1, name: say("de", "signIn.title") })).toBeVisible();
    const bar = page.getByRole("complementary", { name: say("de", "systemPage.preview") });
    const open = async (word: string, link: string) => {
      await bar.locator("summary", { hasText: word }).press("Enter");
      await bar.getByRole("link", { name: link, exact: true }).press("Enter");
    };
    await open(say("de", "systemPage.template"), say("de", "systemPage.template.split"));
    await expect(page.locator("body.card-split")).toBeVisible();
    await open(say("de", "systemPage.language"), "English");
    await expect(page.getByRole("heading", { level: 1, name: say("en", "signIn.title") })).toBeVisible();
    // The bar itself stays in the reader's language.
    await open(say("de", "systemPage.page"), say("de", "systemPage.name.noAccess"));
    await expect(page.getByRole("heading", { level: 1, name: say("en", "error.title.noAccess") })).toBeVisible();
    await expect(page.locator("body.card-split")).toBeVisible();
    await bar.getByRole("link", { name: say("de", "systemPage.back") }).press("Enter");
    await expect(page).toHaveURL(/\/support\/inbox/);
    await context.close();
  }
});

test("a preview is nobody else's", async ({ page, as }) => {
  await page.goto("/support/sign-in?preview=off&template=split");
  await expect(page.getByRole("complementary")).toHaveCount(0);
  await expect(page.getByLabel(say("de", "signIn.password"))).toBeVisible();
  await as("customer");
  await page.goto("/support/sign-in?preview=off&template=split");
  await expect(page).toHaveURL(/\/support\/tickets/);
});

test("a portal says its own words, and signing in works beside its brand", async ({ page }) => {
  await page.goto("/bestellungen/sign-in");
  await expect(page).toHaveTitle("Willkommen · Nordlicht Bestellungen");
  await expect(page.getByRole("heading", { level: 1, name: "Willkommen" })).toBeVisible();
  await expect(page.getByText("Verfolgen Sie Ihre Bestellungen")).toBeVisible();
  await accessible(page);
  await page.getByLabel(say("de", "signIn.email")).fill(emails.customer);
  await page.getByLabel(say("de", "signIn.password")).fill(password);
  await page.keyboard.press("Enter");
  await page.locator("summary", { hasText: "Anna Brandt" }).click();
  await page.getByRole("button", { name: say("de", "frame.signOut") }).click();
  await expect(page.getByRole("heading", { level: 1, name: say("de", "signIn.out.title") })).toBeVisible();
  await accessible(page);
});
