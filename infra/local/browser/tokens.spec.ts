// API tokens, and the portal as a customer sees it.
import { accessible, emails, expect, known, say, signIn, test } from "./portal";

test("a token is made, shown once, used and revoked", async ({ page, as, playwright, baseURL }) => {
  await as("admin");
  await page.goto("/support/settings");
  await page.getByRole("link", { name: say("de", "frame.tokens") }).click();
  await expect(page.getByRole("heading", { level: 1, name: say("de", "tokens.title") })).toBeVisible();
  await page.getByRole("button", { name: say("de", "tokens.make") }).click();
  await expect(page.getByLabel(say("de", "tokens.name"), { exact: true })).toBeFocused();
  await expect(page.getByText(say("de", "tokens.error.scopes"))).toBeVisible();
  await accessible(page);

  const name = `Export ${Date.now()}`;
  await page.getByLabel(say("de", "tokens.name"), { exact: true }).fill(name);
  await page.getByLabel(say("de", "tokens.scope.ticketsRead"), { exact: true }).check();
  await page.getByRole("combobox").last().selectOption("90");
  await page.getByRole("button", { name: say("de", "tokens.make") }).click();
  const shown = page.getByLabel(say("de", "tokens.made.label"));
  await expect(shown).toHaveAttribute("readonly", "");
  const secret = await shown.inputValue();
  expect(secret).toMatch(/^pst_/);
  await accessible(page);
  await page.setViewportSize({ width: 360, height: 780 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.goto("/support/tokens");
  await expect(shown).toHaveCount(0);

  const program = await playwright.request.newContext({ baseURL: baseURL!, extraHTTPHeaders: { Authorization: `Bearer ${secret}` } });
  expect((await program.get("/api/v1/support/inbox")).status()).toBe(200);
  expect((await program.post("/api/v1/support/inbox", { data: {} })).status()).toBe(403);
  expect((await program.get("/api/v1/support/tokens")).status()).toBe(403);

  await page.getByRole("button", { name: say("de", "tokens.revokeOf", { name }) }).click();
  await expect(page.getByText(say("de", "tokens.revoked"))).toBeVisible();
  await expect(page.getByText(name)).toHaveCount(0);
  expect((await program.get("/api/v1/support/inbox")).status()).toBe(401);
  await program.dispose();
});

test("the team sees the portal as a customer does, and back", async ({ page }) => {
  await page.goto("/support/sign-in");
  await signIn(page, "admin"); // a session of the test's own: others share theirs
  await expect(page).toHaveURL(/\/support\/inbox/);
  await page.goto(`/support/inbox/${known.own}`);
  const open = page.getByRole("button", { name: new RegExp(`^${say("de", "inbox.contacts.viewAs", { name: ".*Brandt" })}`) });
  await open.click();
  await expect(page).toHaveURL(/\/support\/tickets$/);
  const banner = page.locator(".viewing-as");
  await expect(banner).toContainText(emails.customer);
  await expect(page.getByRole("link", { name: say("de", "frame.inbox"), exact: true })).toHaveCount(0);
  await accessible(page);
  await page.goto(`/support/tickets/${known.own}`);
  await expect(banner).toBeVisible();
  await expect(page.locator("main textarea, main [contenteditable]")).toHaveCount(0);
  await page.setViewportSize({ width: 360, height: 780 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await accessible(page);
  await banner.getByRole("button", { name: say("de", "frame.viewingAs.end") }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/support\/inbox/);
  await expect(banner).toHaveCount(0);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });
  test("a token is made, and a view begun and ended", async ({ page }) => {
    await page.goto("/support/sign-in");
    await signIn(page, "admin");
    await expect(page).toHaveURL(/\/support\/inbox/);
    await page.goto("/support/tokens");
    const name = `Ohne Skript ${Date.now()}`;
    await page.getByLabel(say("de", "tokens.name"), { exact: true }).fill(name);
    await page.getByLabel(say("de", "tokens.scope.auditRead"), { exact: true }).check();
    await page.getByRole("button", { name: say("de", "tokens.make") }).click();
    await expect(page.getByLabel(say("de", "tokens.made.label"))).toHaveValue(/^pst_/);
    await page.getByRole("button", { name: say("de", "tokens.revokeOf", { name }) }).click();
    await expect(page.getByText(say("de", "tokens.revoked"))).toBeVisible();
    await page.goto(`/support/inbox/${known.own}`);
    await page.getByRole("button", { name: /Brandt/ }).filter({ hasText: say("de", "inbox.contacts.view") }).click();
    await expect(page.locator(".viewing-as")).toContainText(emails.customer);
    await page.locator(".viewing-as").getByRole("button").click();
    await expect(page).toHaveURL(/\/support\/inbox/);
  });
});
