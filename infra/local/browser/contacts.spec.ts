// Contacts and companies: by keyboard alone somebody is added with a new company and
// changed; of two who change the same the second is told; what is used is not deleted.
import { accessible, expect, fits, say, test } from "./portal.ts";

for (const { width, language, scheme } of [
  { width: 1280, language: "de", scheme: "light" },
  { width: 360, language: "en", scheme: "dark" },
] as const) {
  test.describe(`${width} px, ${language}, ${scheme}`, () => {
    test.use({ viewport: { width, height: 900 }, colorScheme: scheme, locale: language === "de" ? "de-DE" : "en-GB" });
    const t = (key: Parameters<typeof say>[1], values?: Record<string, string>) => say(language, key, values);

    test("a contact is added with a new company, changed and deleted", async ({ page, fresh }) => {
      const portal = await fresh(language);
      await page.goto(portal.path("inbox"));
      if (width < 600) {
        await page.locator("summary", { hasText: t("frame.menu") }).click();
        await fits(page);
      }
      await page.getByRole("navigation").getByRole("link", { name: t("frame.contacts"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("contacts.title") })).toBeVisible();
      await expect(page.getByText(t("contacts.none"))).toBeVisible();
      await accessible(page);
      await page.getByRole("link", { name: t("contacts.add") }).click();
      await accessible(page);

      // By keyboard alone, and a company that there is not.
      await page.getByLabel(t("account.first")).focus();
      await page.keyboard.type("Nele");
      await page.keyboard.press("Tab");
      await page.keyboard.type("Öhlmann");
      await page.keyboard.press("Tab");
      await page.keyboard.type("nele@neuland.example");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.type("Neuland AG");
      await page.keyboard.press("Enter");
      const company = page.getByLabel(t("contacts.company")).first();
      await expect(page.locator("#company-error")).toHaveText(t("contacts.error.noCompany", { name: "Neuland AG" }));
      await expect(company).toBeFocused();
      await expect(page.getByLabel(t("account.last"))).toHaveValue("Öhlmann");
      await accessible(page);
      await page.keyboard.press("Tab");
      await expect(page.getByLabel(t("contacts.company.new", { name: "Neuland AG" }))).toBeFocused();
      await page.keyboard.press("Space");
      await page.keyboard.press("Enter");
      await expect(page.getByText(t("contacts.done.added"))).toBeVisible();
      await expect(page.getByRole("heading", { level: 1, name: "Nele Öhlmann" })).toBeVisible();
      await accessible(page);
      const contact = page.url().split("?")[0]!;

      // What is wrong is said beside its field, and nothing typed is lost.
      await page.getByLabel(t("access.find.label")).fill("chefin@postern.example");
      await page.getByLabel(t("account.first")).fill("Nele Sophie");
      await page.getByRole("button", { name: t("button.save") }).click();
      await expect(page.locator("#email-error")).toHaveText(t("contacts.error.emailTaken"));
      await expect(page.getByLabel(t("account.first"))).toHaveValue("Nele Sophie");
      await accessible(page);
      await page.getByLabel(t("access.find.label")).fill("n.oehlmann@neuland.example");
      await page.getByRole("button", { name: t("button.save") }).click();
      await expect(page.getByText(t("contacts.done.changed"))).toBeVisible();

      // She is found by what her name begins with, however it is written.
      await page.goto(portal.path("contacts"));
      await page.getByRole("searchbox").fill("oehl");
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: "Nele Sophie Öhlmann" }).click();
      await expect(page).toHaveURL(contact);
      await page.goto(portal.path("companies"));
      await accessible(page);
      await page.getByRole("link", { name: "Neuland AG" }).click();
      await expect(page.getByText("n.oehlmann@neuland.example")).toBeVisible();
      await accessible(page);
      await page.getByRole("link", { name: t("companies.remove") }).click();
      await expect(page.getByText(t("companies.remove.contacts"))).toBeVisible();
      await accessible(page);

      await page.goto(contact);
      await page.getByRole("link", { name: t("contacts.remove") }).click();
      await accessible(page);
      await page.getByRole("button", { name: t("contacts.remove.submit") }).click();
      await expect(page.getByText(t("contacts.done.removed"))).toBeVisible();
      await page.goto(portal.path("audit"));
      for (const key of ["audit.contactAdded", "audit.companyAdded", "audit.contactChanged", "audit.contactRemoved"] as const) {
        await expect(page.getByText(t(key), { exact: true }).last()).toBeVisible();
      }
      await expect(page.getByText(/Nele → Nele Sophie/)).toBeVisible();
    });

    test("of two at once the second is told what the first has saved", async ({ page, fresh, context }) => {
      const portal = await fresh(language);
      const made = await portal.api.post(`/api/v1/${portal.slug}/contacts`, { data: { first: "<b>Anna</b>", last: "Brandt" } });
      expect(made.status()).toBe(201);
      const { id } = (await made.json()) as { id: string };
      await page.goto(portal.path(`contacts/${id}`));
      const other = await context.newPage();
      await other.goto(portal.path(`contacts/${id}`));
      await other.getByLabel(t("account.last")).fill("Brandt-Meier");
      await other.getByRole("button", { name: t("button.save") }).click();
      await expect(other.getByText(t("contacts.done.changed"))).toBeVisible();

      await page.getByLabel(t("account.first")).fill("Anne");
      await page.getByRole("button", { name: t("button.save") }).click();
      await expect(page.getByText(t("contacts.error.changed"))).toBeVisible();
      await expect(page.getByText(t("contacts.now", { value: "Brandt-Meier" }))).toBeVisible();
      await expect(page.getByLabel(t("account.first"))).toHaveValue("Anne");
      await accessible(page);
      await page.getByLabel(t("account.last")).fill("Brandt-Meier");
      await page.getByRole("button", { name: t("button.save") }).click();
      await expect(page.getByRole("heading", { level: 1, name: "Anne Brandt-Meier" })).toBeVisible();
    });
  });
}

test("a contact's tickets and the ticket's contact lead to each other, and customers see neither", async ({ page, as }) => {
  await as("agent");
  await page.goto("/support/inbox/01krzmpak4samp1e0000000101");
  await page.getByRole("link", { name: "Anna Brandt", exact: true }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Anna Brandt" })).toBeVisible();
  await expect(page.getByRole("button", { name: say("de", "button.save") })).toHaveCount(0);
  await accessible(page);
  await page.getByRole("link", { name: "Nordwind Logistik GmbH" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Nordwind Logistik GmbH" })).toBeVisible();
  await accessible(page);
  await page.context().clearCookies();
  await as("manager");
  const answer = await page.goto("/support/contacts");
  expect(answer?.status()).toBe(403);
});
