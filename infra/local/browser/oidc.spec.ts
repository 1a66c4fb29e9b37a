// Signing in with a provider of OpenID Connect: the one that a developer's machine
// has, where one chooses whom to be.
import { accessible, expect, known, say, test } from "./portal";

const provider = "Nordlicht-Konto";
const own = `/support/tickets/${known.own}`;

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with script" : "without script", () => {
    test.use({ javaScriptEnabled });

    test("who is signed in there gets to where they wanted to go", async ({ page, context }) => {
      await page.goto(own);
      await page.getByRole("link", { name: say("de", "signIn.with", { provider }) }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: "customer@nordwind.example" }).click();
      await expect(page).toHaveURL(own);
      expect((await context.cookies()).map((c) => c.name).filter((name) => name.endsWith("-sso"))).toEqual([]);
    });

    test("who is nobody here, or not the provider's to vouch for, is told so", async ({ page }) => {
      for (const [email, key] of [["new@nordwind.example", "sso.error.nobody"], ["solo@einzel.example", "sso.error.unproven"]] as const) {
        await page.goto("/support/sign-in");
        await page.getByRole("link", { name: say("de", "signIn.with", { provider }) }).click();
        await page.getByRole("link", { name: email }).click();
        await expect(page.getByText(say("de", key, { provider, email }))).toBeVisible();
        if (javaScriptEnabled) await accessible(page);
        await page.goto("/support/tickets");
        await expect(page.getByRole("heading", { level: 1, name: say("de", "signIn.title") })).toBeVisible();
      }
    });
  });
}
