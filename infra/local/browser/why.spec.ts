// Why a contact sees a ticket or does not, as who sets up the portal asks.
import { accessible, emails, expect, fits, known, say, test, type Language } from "./portal";

/** The customer's, hidden by the portal's filter. */
const hidden = "01kp5n8yb9samp1e0000000104";

for (const language of ["de", "en"] as Language[]) {
  for (const width of [360, 1280]) {
    for (const colorScheme of ["light", "dark"] as const) {
      test.describe(`${language}, ${width} px, ${colorScheme}`, () => {
        test.use({ viewport: { width, height: 800 }, locale: language === "de" ? "de-DE" : "en-GB", colorScheme });

        test("asked by keyboard, answered rule by rule", async ({ page, as }) => {
          await as("admin");
          await page.goto("/support/access/why");
          await accessible(page);
          const contact = page.getByLabel(say(language, "why.contact"), { exact: true });
          const ticket = page.getByLabel(say(language, "why.ticket"), { exact: true });

          // What is wrong is said beside each field, and nothing typed is lost.
          await contact.fill("nobody@nowhere.example");
          await ticket.fill("#99999999");
          await page.keyboard.press("Enter");
          await expect(page.getByText(say(language, "why.error.contact"))).toBeVisible();
          await expect(contact).toHaveValue("nobody@nowhere.example");
          await expect(ticket).toHaveValue("#99999999");
          await expect(contact).toBeFocused();
          await accessible(page);

          await contact.fill(emails.stranger);
          await ticket.fill(`http://localhost/support/tickets/${known.own}`);
          await page.keyboard.press("Enter");
          await expect(page.locator(".banner.warn")).toContainText(say(language, "why.because.contact"));
          await expect(ticket).toHaveValue(/^#\d+$/);
          await accessible(page);
          await fits(page);
          if (process.env["WHY_PICTURES"]) await page.screenshot({ path: `${process.env["WHY_PICTURES"]}/stranger-${language}-${width}-${colorScheme}.png`, fullPage: true });

          // The number that is there now leads to the same ticket.
          await contact.fill(emails.customer);
          await page.keyboard.press("Enter");
          await expect(page.locator(".banner.ok")).toBeVisible();
          await expect(page.locator(".rule.danger")).toHaveCount(0);

          await ticket.fill(hidden);
          await page.keyboard.press("Enter");
          const rule = page.locator(".rule.danger");
          await expect(rule).toHaveCount(1);
          await expect(rule).toContainText(say(language, "why.hides"));
          await expect(rule.getByRole("link", { name: say(language, "why.open.setting") })).toHaveAttribute("href", "/support/settings/tickets");
          await accessible(page);
          await fits(page);
          if (process.env["WHY_PICTURES"]) await page.screenshot({ path: `${process.env["WHY_PICTURES"]}/hidden-${language}-${width}-${colorScheme}.png`, fullPage: true });
        });
      });
    }
  }
}

test("a contact's page and a ticket of the inbox lead there, for who may", async ({ page, as }) => {
  await as("admin");
  await page.goto("/support/access/contacts/01hkm4spm0samp1e0000000001");
  await page.getByRole("link", { name: say("de", "why.link.contact") }).click();
  await expect(page.getByLabel(say("de", "why.contact"), { exact: true })).toHaveValue(emails.customer);

  await page.goto(`/support/inbox/${known.own}`);
  await accessible(page);
  if (process.env["WHY_PICTURES"]) await page.locator(".people").first().screenshot({ path: `${process.env["WHY_PICTURES"]}/people.png` });
  await page.getByRole("link", { name: say("de", "why.link.ticket") }).first().click();
  await expect(page.locator(".banner.ok")).toBeVisible();
  await expect(page.getByLabel(say("de", "why.contact"), { exact: true })).toHaveValue(emails.customer);
});

test("nobody else is led there", async ({ page, as }) => {
  await as("agent");
  await page.goto(`/support/inbox/${known.own}`);
  await expect(page.getByRole("button", { name: new RegExp(`^${say("de", "inbox.contacts.view")}`) }).first()).toBeAttached();
  await expect(page.getByRole("link", { name: say("de", "why.link.ticket") })).toHaveCount(0);
});
