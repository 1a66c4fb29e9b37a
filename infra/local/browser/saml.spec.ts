// Signing in with a provider of SAML: the one that a developer's machine has, whose
// page posts its answer to the portal from elsewhere.
import type { Page } from "@playwright/test";
import { accessible, expect, fits, known, say, test, type Language } from "./portal";

const provider = "Nordlicht SAML";
const own = `/support/tickets/${known.own}`;

/** Goes to the provider from the sign-in page, by keyboard. */
async function leave(page: Page, next = "", language: Language = "de"): Promise<void> {
  await page.goto(`/support/sign-in${next}`);
  await page.getByRole("link", { name: say(language, "signIn.with", { provider }) }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Whom do you want to be?" })).toBeVisible();
}

/** Chooses whom to be there. */
async function be(page: Page, email: string): Promise<void> {
  await page.getByRole("link", { name: email }).focus();
  await page.keyboard.press("Enter");
}

for (const [language, locale, width, somebody] of [
  ["de", "de-DE", 360, "manager@nordwind.example"],
  ["en", "en-GB", 1280, "colleague@nordwind.example"],
] as const) {
  test.describe(`${language}, ${width} px`, () => {
    test.use({ locale, viewport: { width, height: 800 } });

    test("the provider's answer leads to where one wanted to go", async ({ page, context }) => {
      await leave(page, `?next=${encodeURIComponent(own)}`, language);
      await be(page, somebody);
      await expect(page).toHaveURL(own);
      // Nothing of the way there is left.
      expect((await context.cookies()).map((c) => c.name).filter((name) => name.endsWith("-sso"))).toEqual([]);
      const account = await page.request.get("/api/v1/support/account");
      expect(await account.text()).toContain(somebody);
    });

    test("whose address is not the provider's is told so, and how to go on", async ({ page }) => {
      await leave(page, "", language);
      await be(page, "stranger@suedstern.example");
      const email = "stranger@suedstern.example";
      await expect(page.getByText(say(language, "sso.error.unproven", { provider, email }))).toBeVisible();
      await accessible(page);
      await fits(page);
    });

    test("an answer that nobody asked for signs nobody in", async ({ page, context }) => {
      // As a page elsewhere would: with the answer to an attempt of its own.
      await leave(page, "", language);
      let answer = "";
      await context.route("**/acs", (route) => {
        answer = route.request().postData() ?? "";
        return route.abort();
      });
      await be(page, "agent@postern.example");
      await expect.poll(() => answer).toContain("SAMLResponse=");
      await context.unroute("**/acs");
      await context.clearCookies();
      const fields = [...new URLSearchParams(answer)].map(([name, value]) => `<input name="${name}" value="${value}">`);
      const acs = new URL("/support/sso/nordlichtsaml/acs", process.env["POSTERN_URL"]).href;
      await page.setContent(`<form method="post" action="${acs}">${fields.join("")}<button>Go</button></form>`);
      await page.getByRole("button").click();
      await expect(page.getByText(say(language, "sso.error.attempt", { provider }))).toBeVisible();
      await accessible(page);
      await fits(page);
      await page.goto("/support/inbox");
      await expect(page).toHaveURL(/\/sign-in/);
    });
  });
}

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the provider's page has a button", async ({ page }) => {
    await leave(page);
    await be(page, "agent@postern.example");
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page).toHaveURL("/support/inbox");
  });
});
