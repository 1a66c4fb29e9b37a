// Coming in and going out.
import { accessible, emails, expect, known, password, say, signIn, test } from "./portal";

test("a visitor signs in and out, and Back shows nothing any more", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveURL("/support/sign-in");
  await expect(page.getByRole("heading", { level: 1, name: "Anmelden" })).toBeVisible();
  await signIn(page, "customer");
  await expect(page).toHaveURL("/support/tickets");
  await page.goto(`/support/tickets/${known.own}`); // where it stands in the list depends on what others do
  await expect(page.getByRole("heading", { level: 1 })).toContainText("S200 verliert");

  // Who is signed in is led on.
  await page.goto("/support/sign-in");
  await expect(page).toHaveURL("/support/tickets");
  await page.goto("/");
  await expect(page).toHaveURL("/support/tickets");
  await page.goto(`/support/tickets/${known.own}`);

  await page.locator("summary", { hasText: "Anna Brandt" }).click();
  await page.getByRole("button", { name: "Abmelden" }).click();
  await expect(page.getByText("Sie sind abgemeldet.")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Anmelden" })).toBeVisible();
  await expect(page.getByText("S200 verliert")).toHaveCount(0);
  await signIn(page, "customer");
  await expect(page).toHaveURL(`/support/tickets/${known.own}`);
});

test("what is missing is said beside its field, and the first one has the focus", async ({ page }) => {
  await page.goto("/support/sign-in");
  await page.getByRole("button", { name: "Anmelden", exact: true }).click();
  const email = page.getByLabel("E-Mail-Adresse");
  await expect(email).toBeFocused();
  await expect(email).toHaveAccessibleDescription("Bitte geben Sie Ihre E-Mail-Adresse ein.");
  await expect(page.getByLabel("Passwort")).toHaveAccessibleDescription("Bitte geben Sie Ihr Passwort ein.");

  await email.fill("customer@nordwind.example");
  await page.getByRole("button", { name: "Anmelden", exact: true }).click();
  await expect(page.getByLabel("Passwort")).toBeFocused();
  await expect(email).toHaveValue("customer@nordwind.example");
  await expect(email).toHaveAccessibleDescription("");
});

test("an unknown address and a wrong password fail alike", async ({ page }) => {
  const failed = page.getByRole("alert").filter({ hasText: say("de", "signIn.error.failed") });
  for (const address of [emails.customer, "nobody@nowhere.example"]) {
    await page.goto("/support/sign-in");
    await page.getByLabel("E-Mail-Adresse").fill(address);
    await page.getByLabel("Passwort").fill("not the password");
    await page.getByRole("button", { name: "Anmelden", exact: true }).click();
    await expect(failed).toBeVisible();
    await expect(page.getByLabel("E-Mail-Adresse")).toHaveValue(address);
    await expect(page.getByLabel("Passwort")).toHaveValue("");
  }
});

test("guessing ends", async ({ page, request }) => {
  const email = `guessed-${crypto.randomUUID().slice(0, 8)}@nowhere.example`;
  for (let i = 0; i < 10; i++) {
    const answer = await request.post("/api/v1/support/session", { data: { email, password: `guess ${i}` } });
    expect(answer.status()).toBe(401);
  }
  await page.goto("/support/sign-in");
  await page.getByLabel("E-Mail-Adresse").fill(email);
  await page.getByLabel("Passwort").fill("the eleventh");
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button", { name: "Anmelden", exact: true }).click();
  expect((await answer).status()).toBe(429);
  expect(Number((await answer).headers()["retry-after"])).toBeGreaterThan(0);
  await expect(page.getByRole("alert")).toContainText("Zu viele Versuche");
  await accessible(page);
});

test("a link leads through sign-in to where it points, and nowhere else", async ({ page }) => {
  await page.goto(`/support/tickets/${known.own}?before=`);
  await expect(page).toHaveURL(/\/support\/sign-in\?next=/);
  await signIn(page, "customer");
  await expect(page).toHaveURL(new RegExp(`/support/tickets/${known.own}`));

  await page.context().clearCookies();
  await page.goto("/support/sign-in?next=//evil.example/");
  await signIn(page, "customer");
  await expect(page).toHaveURL("/support/tickets");
});

test("who came by somebody else's link can switch accounts and gets there", async ({ page }) => {
  await page.goto("/support/sign-in");
  await signIn(page, "customer");
  await expect(page).toHaveURL("/support/tickets");
  const answer = await page.goto(`/support/tickets/${known.stranger}`);
  expect(answer!.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1, name: "Hier ist nichts" })).toBeVisible();
  await expect(page.getByText("Sie sind als customer@nordwind.example angemeldet.")).toBeVisible();
  expect(await page.content()).not.toMatch(/Handheld W10|Oliver|Grant/);
  await page.getByRole("button", { name: "Konto wechseln" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Anmelden" })).toBeVisible();
  await signIn(page, "stranger");
  await expect(page.getByRole("heading", { level: 1, name: "Handheld W10 drops Bluetooth when the ring scanner sleeps" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
});

test("the footer changes the language before signing in, and keeps it", async ({ page }) => {
  await page.goto("/support/sign-in?next=/support/account");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await expect(page).toHaveURL("/support/sign-in?next=/support/account");
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.goto("/support/sign-in");
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await page.getByRole("button", { name: "Deutsch" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Anmelden" })).toBeVisible();
  // A portal of one language offers no other.
  await page.goto("/bestellungen/sign-in");
  await expect(page.getByRole("button", { name: "English" })).toHaveCount(0);
});

test("a session belongs to one portal", async ({ page, as }) => {
  await as("customer");
  await page.goto("/bestellungen/tickets");
  await expect(page).toHaveURL(/\/bestellungen\/sign-in/);
  await page.getByLabel("E-Mail-Adresse").fill(emails.customer);
  await page.getByLabel("Passwort").fill(password);
  await page.getByRole("button", { name: "Anmelden", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Bestellungen" })).toBeVisible();
});

test("what does not exist says so and leads on", async ({ page }) => {
  for (const path of ["/nowhere", "/nowhere/tickets", "/support/nothing", "/support/tickets/%00", "/support/tickets/100%25"]) {
    const answer = await page.goto(path);
    expect(answer!.status(), path).toBeGreaterThanOrEqual(400);
    expect(answer!.status(), path).toBeLessThan(500);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
});
