// My account. colleague's profile is this file's, and so is the password that
// stranger has at bestellungen.
import { accessible, emails, expect, password, say, signIn, test } from "./portal";

// One after the other: two of them change the language of the same account.
test.describe.configure({ mode: "default" });

const theirs = "/support/tickets/01kt45jcnvsamp1e0000000102"; // colleague's

test("name, language and time zone are one's own", async ({ page, as, api }) => {
  const colleague = await api("colleague");
  const restore = async () => {
    const answer = await colleague.patch("/api/v1/support/account", {
      data: { first: "Tom", last: "Fischer", language: "de", time_zone: "" },
    });
    expect(answer.status()).toBe(200);
  };
  await restore();
  try {
    await as("colleague");
    await page.goto(theirs);
    const time = page.getByRole("article").first().locator("time");
    const at = new Date((await time.getAttribute("datetime"))!);
    const clock = (timeZone: string) => at.toLocaleTimeString("de-DE", { timeZone, hour: "2-digit", minute: "2-digit" });
    await expect(time).toHaveText(`2. Juni, ${clock("Europe/Berlin")}`);

    await page.locator("summary", { hasText: "Tom Fischer" }).click();
    await page.getByRole("link", { name: "Mein Konto" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Mein Konto" })).toBeVisible();
    await page.getByLabel("Vorname").fill("  ");
    await page.getByLabel("Nachname").fill("x".repeat(200));
    await page.getByRole("button", { name: "Änderungen speichern" }).click();
    await expect(page.getByLabel("Nachname")).toHaveAccessibleDescription(/Höchstens \d+ Zeichen sind möglich\./);
    await expect(page.getByLabel("Nachname")).toBeFocused();
    await expect(page.getByLabel("Nachname")).toHaveValue("x".repeat(200));
    await accessible(page);
    await page.getByLabel("Vorname").fill("Tomke");
    await page.getByLabel("Nachname").fill("Fischer-Lange");
    await page.getByRole("combobox", { name: "Sprache" }).selectOption("English");
    await page.getByLabel("Zeitzone").selectOption("Asia/Tokyo");
    await page.getByRole("button", { name: "Änderungen speichern" }).click();

    await expect(page.getByText(say("en", "account.saved"))).toBeVisible();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await expect(page.getByRole("heading", { level: 1, name: "My account" })).toBeVisible();
    await expect(page.getByLabel("Time zone")).toHaveValue("Asia/Tokyo");
    await expect(page.locator("summary", { hasText: "Tomke Fischer-Lange" })).toBeVisible();
    await page.goto(theirs);
    await expect(time).toHaveText(`2 Jun, ${clock("Asia/Tokyo")}`);
  } finally {
    await restore();
  }
});

test("the footer's language becomes the account's", async ({ page, as, browser, session }) => {
  await as("colleague");
  await page.goto("/support/account");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "My account" })).toBeVisible();
  // In another browser as well.
  const elsewhere = await browser.newContext({ locale: "de-DE" });
  await elsewhere.addCookies(await session("colleague"));
  const other = await elsewhere.newPage();
  await other.goto("/support/account");
  await expect(other.getByRole("heading", { level: 1, name: "My account" })).toBeVisible();
  await elsewhere.close();
  await page.getByRole("button", { name: "Deutsch" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Mein Konto" })).toBeVisible();
});

test("a password is changed, and signs out everywhere else", async ({ page, browser }) => {
  const changed = "ein ganz anderes Passwort";
  // Adding a passkey may ask for the current one as well.
  const form = page.locator('form[action$="/account/password"]');
  const current = form.getByLabel("Bisheriges Passwort");
  const next = form.getByLabel("Neues Passwort");
  const change = async (from: string, to: string) => {
    await current.fill(from);
    await next.fill(to);
    await page.getByRole("button", { name: "Passwort ändern" }).click();
  };
  await page.goto("/bestellungen/account");
  await signIn(page, "stranger");
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await other.goto("/bestellungen/account");
  await signIn(other, "stranger");
  await expect(other.getByRole("heading", { level: 1, name: "Mein Konto" })).toBeVisible();

  await change(password, "kurz");
  await expect(next).toHaveAccessibleDescription(/Bitte verwenden Sie mindestens 10 Zeichen\./);
  await expect(next).toBeFocused();
  await change("falsch", changed);
  await expect(current).toHaveAccessibleDescription("Das ist nicht Ihr bisheriges Passwort.");
  await expect(current).toBeFocused();
  await expect(current).toHaveValue("");
  await accessible(page);
  await change(password, emails.stranger);
  await expect(next).toHaveAccessibleDescription(/nicht aus Ihrem Namen, Ihrer E-Mail-Adresse/);

  await change(password, changed);
  await expect(page.getByText(say("de", "account.passwordChanged"))).toBeVisible();
  await other.reload();
  await expect(other.getByRole("button", { name: "Anmelden", exact: true })).toBeVisible();
  await elsewhere.close();
  await change(changed, password);
  await expect(page.getByText(say("de", "account.passwordChanged"))).toBeVisible();
});
