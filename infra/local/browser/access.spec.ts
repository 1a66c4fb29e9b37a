// Who has access, colleagues and the audit log. Whom a test lets in is made by it,
// so that nobody else's access changes.
import { accessible, expect, fits, say, test } from "./portal";

/** An address that no other run has used. */
const fresh = (name: string) => `${name}.${crypto.randomUUID().slice(0, 8)}@einladung.example`;

for (const width of [360, 1280]) {
  test.describe(`${width} px`, () => {
    test.use({ viewport: { width, height: 800 } });

    test("a contact is invited, found, and taken out again, by keyboard", async ({ page, as }) => {
      const email = fresh("neu");
      await as("admin");
      await page.goto("/support/access");
      await expect(page.getByRole("heading", { level: 1, name: say("de", "access.title") })).toBeVisible();
      await accessible(page);
      await page.getByLabel(say("de", "access.invite.emails")).fill(`${email}\nkeine Adresse`);
      await page.getByRole("button", { name: say("de", "access.invite.submit"), exact: true }).focus();
      await page.keyboard.press("Enter");
      // One is in, the other stays in the field.
      await expect(page.getByLabel(say("de", "access.invite.emails"))).toHaveValue("keine Adresse");
      await expect(page.getByLabel(say("de", "access.invite.emails"))).toBeFocused();
      await expect(page.getByText(say("de", "access.result.invited"))).toBeVisible();
      await accessible(page);

      await page.getByLabel(say("de", "access.find.label"), { exact: true }).fill(email);
      await page.keyboard.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: email })).toBeVisible();
      await expect(page.getByText(say("de", "access.state.pending"), { exact: true })).toBeVisible();
      await accessible(page);
      await page.getByRole("button", { name: new RegExp(`^${say("de", "access.contact.leave")}`) }).focus();
      await page.keyboard.press("Enter");
      await expect(page.getByText(say("de", "access.done.left"))).toBeVisible();
      await expect(page.getByText(say("de", "access.why.none"))).toBeVisible();
    });

    test("the audit log says what was done", async ({ page, as, api }) => {
      const email = fresh("protokoll");
      const admin = await api("admin");
      const joined = await admin.post("/api/v1/support/access/groups/customers/members", { data: { email } });
      expect(joined.status()).toBe(200);
      await as("admin");
      await page.goto("/support/audit");
      await accessible(page);
      await page.getByLabel(say("de", "audit.action")).selectOption(say("de", "audit.invited"));
      await page.getByRole("button", { name: say("de", "audit.show") }).click();
      await expect(page.getByText(email).first()).toBeVisible();
      await fits(page);
    });

    test("a manager invites a colleague, and takes that back", async ({ page, as }) => {
      const email = fresh("kollegin");
      await as("manager");
      await page.goto("/support/colleagues");
      await accessible(page);
      await page.getByLabel(say("de", "access.find.label"), { exact: true }).fill(email);
      await page.keyboard.press("Enter");
      await expect(page.getByText(say("de", "colleagues.done.invited"))).toBeVisible();
      await accessible(page);
      await page.getByRole("button", { name: `${say("de", "colleagues.withdraw")}: ${email}` }).click();
      await expect(page.getByText(say("de", "colleagues.done.withdrawn"))).toBeVisible();
      await expect(page.getByText(email)).toHaveCount(0);
    });
  });
}

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a colleague is asked about before being removed", async ({ page, as }) => {
    await as("manager");
    await page.goto("/support/colleagues");
    await page.locator("li", { hasText: "colleague@nordwind.example" }).getByRole("link", { name: say("de", "colleagues.remove") }).click();
    await expect(page.getByRole("heading", { level: 1, name: say("de", "colleagues.remove.title") })).toBeVisible();
    await page.getByRole("link", { name: say("de", "colleagues.remove.cancel") }).click();
    await expect(page.getByRole("heading", { level: 1, name: say("de", "colleagues.title") })).toBeVisible();
  });
});
