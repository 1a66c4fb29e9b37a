// Signing in with a passkey, by Chromium's own stand-in for a device that keeps
// some.
import type { CDPSession, Page } from "@playwright/test";
import { accessible, expect, password, say, signIn, test } from "./portal";

// They share an account, which has ten at most.
test.describe.configure({ mode: "default" });

const account = "/support/account";

interface Device {
  cdp: CDPSession;
  id: string;
}

/** A device that verifies its user, unless it is told otherwise. */
async function device(page: Page, options: { verified?: boolean; synced?: boolean } = {}): Promise<Device> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: options.verified ?? true,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: options.synced ?? false,
      defaultBackupState: options.synced ?? false,
    },
  });
  return { cdp, id: authenticatorId };
}

const section = (page: Page) => page.locator("section", { has: page.getByRole("heading", { name: "Passkeys" }) });
const add = (page: Page) => page.getByRole("button", { name: say("de", "passkey.add") });
const withPasskey = (page: Page) => page.getByRole("button", { name: say("de", "passkey.signIn") });
const problem = (page: Page) => page.locator("[data-problem]:visible").filter({ hasText: /./ });

test.afterEach(async ({ api }) => {
  const solo = await api("solo");
  const { passkeys } = (await (await solo.get("/api/v1/support/account/passkeys")).json()) as { passkeys: { id: string }[] };
  for (const { id } of passkeys) expect((await solo.delete(`/api/v1/support/account/passkeys/${id}`)).status()).toBe(204);
});

test("a passkey is added, signs in to where one was going, and is removed", async ({ page, expected }) => {
  expected.push(/401 \(Unauthorized\)/);
  await page.goto("/support/sign-in");
  const { cdp, id } = await device(page, { synced: true });
  await signIn(page, "solo");
  await expect(page).toHaveURL("/support/tickets");
  await page.goto(account);
  await expect(section(page)).toContainText(say("de", "account.passkeys.none"));
  await page.getByLabel(say("de", "passkey.name")).fill("Notebook");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status").filter({ hasText: say("de", "account.passkey.added") })).toBeVisible();
  await expect(section(page).getByRole("listitem")).toContainText(["Notebook"]);
  await expect(section(page)).toContainText(say("de", "account.passkey.unused"));
  await expect(section(page)).toContainText(say("de", "account.passkey.synced"));
  await accessible(page);
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId: id });
  expect(credentials.map(({ isResidentCredential, rpId }) => ({ isResidentCredential, rpId }))).toEqual([{ isResidentCredential: true, rpId: "localhost" }]);

  await page.context().clearCookies();
  await page.goto(`/support/sign-in?next=${encodeURIComponent(`${account}?from=there`)}`);
  await accessible(page);
  await withPasskey(page).click();
  await expect(page).toHaveURL(`${account}?from=there`);
  await expect(section(page)).toContainText(say("de", "account.passkey.lastUsed"));

  await page.getByRole("button", { name: say("de", "account.passkey.removeOf", { name: "Notebook" }) }).click();
  await expect(page.getByRole("status").filter({ hasText: say("de", "account.passkey.removed") })).toBeVisible();
  await page.context().clearCookies();
  await page.goto("/support/sign-in");
  await withPasskey(page).press("Enter");
  await expect(problem(page)).toHaveText(say("de", "passkey.error.failed"));
  await expect(withPasskey(page)).not.toHaveAttribute("aria-busy", "true");
  await accessible(page);
});

test("a passkey without a name is called after the day, and another of the same device is refused", async ({ page, as }) => {
  await as("solo");
  await page.goto(account);
  await device(page);
  await add(page).click();
  await expect(section(page).getByRole("listitem")).toContainText([/Passkey vom \d+\. /]);
  await add(page).click();
  await expect(problem(page)).toHaveText(say("de", "passkey.error.known"));
  await expect(section(page).getByRole("listitem")).toHaveCount(1);
});

test("a device that does not verify its user neither signs in nor gets a passkey", async ({ page, as }) => {
  await as("solo");
  await page.goto(account);
  const { cdp, id } = await device(page);
  await add(page).click();
  await expect(section(page).getByRole("listitem")).toHaveCount(1);
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId: id, isUserVerified: false });
  await page.context().clearCookies();
  await page.goto("/support/sign-in");
  await withPasskey(page).click();
  await expect(problem(page)).toHaveText(say("de", "passkey.signIn.cancelled"));
  await cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId: id });
  await device(page, { verified: false });
  await signIn(page, "solo");
  await page.goto(account);
  await add(page).click();
  await expect(problem(page)).toHaveText(say("de", "passkey.add.cancelled"));
  await accessible(page);
});

test("an older session takes the password as well", async ({ page, as, expected }) => {
  expected.push(/422 \(Unprocessable Entity\)/);
  await as("solo");
  await page.goto(account);
  await device(page);
  const sent: unknown[] = [];
  await page.route("**/account/passkeys/options", async (route) => {
    sent.push(route.request().postDataJSON());
    if (sent.length > 1) return route.continue();
    return route.fulfill({
      status: 422,
      contentType: "application/problem+json",
      json: { detail: "x", errors: [{ field: "current", message: say("de", "passkey.error.current") }] },
    });
  });
  const current = page.locator("#passkey-current");
  await expect(current).toBeHidden();
  await add(page).click();
  await expect(problem(page)).toHaveText(say("de", "passkey.error.current"));
  await expect(current).toBeFocused();
  await accessible(page);
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await expect(section(page).getByRole("listitem")).toHaveCount(1);
  expect(sent).toEqual([{ current: "" }, { current: password }]);
});

test("a challenge that has ended, and a server that cannot be reached, are said", async ({ page, as, expected }) => {
  expected.push(/401 \(Unauthorized\)/, /ERR_FAILED/);
  await as("solo");
  await page.goto(account);
  await device(page);
  await add(page).click();
  await expect(section(page).getByRole("listitem")).toHaveCount(1);
  await page.context().clearCookies();
  await page.goto("/support/sign-in");
  await page.route("**/passkey/options", async (route) => {
    const answer = await route.fetch();
    const options = (await answer.json()) as { publicKey: { challenge: string } };
    options.publicKey.challenge = "A".repeat(43);
    await route.fulfill({ response: answer, json: options });
  });
  await withPasskey(page).click();
  await expect(problem(page)).toHaveText(say("de", "passkey.error.expired"));
  await page.unroute("**/passkey/options");
  await page.route("**/passkey/options", (route) => route.abort());
  await withPasskey(page).click();
  await expect(problem(page)).toHaveText(say("de", "passkey.failed"));
});

test("a browser that knows no passkeys is told what it takes", async ({ page, as }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, "PublicKeyCredential"));
  await page.goto("/support/sign-in");
  await expect(page.getByLabel(say("de", "signIn.email"))).toBeVisible();
  await expect(withPasskey(page)).toBeHidden();
  await as("solo");
  await page.goto(account);
  await expect(page.getByText(say("de", "passkey.add.unsupported"))).toBeVisible();
  await expect(add(page)).toBeHidden();
});

test("without script passkeys can be removed", async ({ browser, session, page, as }) => {
  await as("solo");
  await page.goto(account);
  await device(page);
  await add(page).click();
  await expect(section(page).getByRole("listitem")).toHaveCount(1);
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "de-DE" });
  await context.addCookies(await session("solo"));
  const plain = await context.newPage();
  await plain.goto(account);
  await expect(plain.getByText(say("de", "passkey.add.unsupported"))).toBeVisible();
  await expect(add(plain)).toBeHidden();
  await section(plain).getByRole("button").first().click();
  await expect(plain.getByText(say("de", "account.passkey.removed"))).toBeVisible();
  await context.clearCookies();
  await plain.goto("/support/sign-in");
  await expect(withPasskey(plain)).toBeHidden();
  await context.close();
});

for (const width of [360, 1280]) {
  for (const locale of ["de-DE", "en-GB"]) {
    test(`the pages at ${width} px, ${locale}, are accessible`, async ({ browser, session, watch }) => {
      const language = locale.slice(0, 2) as "de" | "en";
      const context = await browser.newContext({ locale, viewport: { width, height: 900 } });
      await watch(context);
      const page = await context.newPage();
      await page.goto("/support/sign-in");
      await expect(page.getByRole("button", { name: say(language, "passkey.signIn") })).toBeVisible();
      await accessible(page);
      await context.addCookies(await session("solo"));
      await page.goto(account);
      await device(page);
      await page.getByRole("button", { name: say(language, "passkey.add") }).click();
      await expect(page.getByText(say(language, "account.passkey.added"))).toBeVisible();
      await accessible(page);
      await context.close();
    });
  }
}
