// Asking again about what was closed too long ago to be reopened.
import type { Page } from "@playwright/test";
import { accessible, drafts, events, expect, known, say, test, type Language } from "./portal";

const closed = `/support/tickets/${known.oldClosed}`;
const subject = "Inventurliste zeigt Umlaute falsch an";
const main = (page: Page) => page.getByRole("main");
const again = (page: Page, language: Language = "de") => main(page).getByRole("link", { name: say(language, "detail.followUp") });
const linked = (page: Page, language: Language = "de") => main(page).getByText(say(language, "form.page.follows"));
const sendButton = (page: Page, language: Language = "de") => page.getByRole("button", { name: say(language, "form.page.send") });

test("a closed ticket leads to another that is linked to it", async ({ page, as, browser, session }) => {
  const about = `Umlaute, wieder ${crypto.randomUUID().slice(0, 8)}`;
  await as("customer");
  await page.goto(closed);
  await again(page).click();
  await expect(linked(page).getByRole("link")).toHaveText(new RegExp(`^#\\d+ ${subject}$`));
  const title = page.getByLabel(say("de", "property.subject"));
  await expect(title).toHaveValue(subject);
  await accessible(page);

  // What is missing is said; the link stays.
  await page.getByLabel("Thema").selectOption("question");
  await title.fill(about);
  await sendButton(page).click();
  await expect(page.getByText(say("de", "inbox.error.text")).first()).toBeVisible();
  await expect(linked(page)).toBeVisible();
  await expect(title).toHaveValue(about);
  await page.getByLabel(say("de", "form.label.content")).fill("Seit gestern ist es wieder so.");
  await sendButton(page).click();
  await expect(page.getByRole("heading", { level: 1, name: say("de", "form.sent.title") })).toBeVisible();
  await expect.poll(() => drafts(page)).toEqual([]);

  await page.getByRole("link", { name: say("de", "form.page.show") }).click();
  await expect(page.getByRole("heading", { level: 1, name: about })).toBeVisible();
  const path = new URL(page.url()).pathname;
  await accessible(page);
  const follows = main(page).getByText(say("de", "detail.follows"), { exact: false }).getByRole("link");
  await follows.click();
  await expect(page).toHaveURL(new RegExp(`${closed}$`));
  const event = events(page).filter({ has: page.locator(`a[href="${path}"]`) });
  await expect(event).toContainText(say("de", "detail.event.followed", { name: "Anna Brandt" }));
  await accessible(page);

  const team = await browser.newContext({ storageState: { cookies: await session("admin"), origins: [] } });
  const inbox = await team.newPage();
  await inbox.goto(path.replace("/tickets/", "/inbox/"));
  await inbox.getByRole("banner").first().waitFor();
  await accessible(inbox);
  await inbox.getByText(say("de", "detail.follows"), { exact: false }).getByRole("link", { name: subject }).click();
  await expect(inbox.getByRole("heading", { level: 1, name: subject })).toBeVisible();
  await expect(events(inbox).getByRole("link").last()).toBeVisible();
  await team.close();
});

test("what was begun about it is kept beside what was begun otherwise", async ({ page, as }) => {
  await as("manager");
  await page.goto(closed);
  await again(page).click();
  await page.getByLabel(say("de", "form.label.content")).fill("Noch nicht fertig");
  await expect.poll(() => drafts(page).then((all) => all.length)).toBe(1);

  await page.goto("/support/forms/contact");
  await expect(linked(page)).toHaveCount(0);
  await expect(page.getByLabel(say("de", "form.label.content"))).toHaveValue("");
  await page.getByLabel(say("de", "form.label.content")).fill("Etwas anderes");
  await expect.poll(() => drafts(page).then((all) => all.length)).toBe(2);

  await page.goto(closed);
  await again(page).click();
  await expect(page.getByLabel(say("de", "form.label.content"))).toHaveValue("Noch nicht fertig");
  await expect(linked(page)).toBeVisible();
  await page.getByRole("button", { name: say("de", "reply.draft.discard") }).click();
  await expect(page.getByLabel(say("de", "form.label.content"))).toHaveValue("");
  await expect(linked(page)).toBeVisible();
  await expect.poll(() => drafts(page).then((all) => all.length)).toBe(1);
});

test("what can be continued itself is not linked, and leads there", async ({ page, as }) => {
  await as("customer");
  await page.goto(`/support/forms/contact?follows=${known.own}`);
  await expect(main(page).getByText(/^Ihre Anfrage wird nicht mit Ticket #\d+ verknüpft\./)).toBeVisible();
  await expect(linked(page)).toHaveCount(0);
  await accessible(page);
  await page.getByRole("link", { name: say("de", "form.page.show") }).click();
  await expect(page).toHaveURL(new RegExp(`/support/tickets/${known.own}$`));
});

test("a session that has ended comes back to the form with its link", async ({ page }) => {
  await page.goto(`/support/forms/contact?follows=${known.oldClosed}`);
  await expect(page).toHaveURL(/\/sign-in\?next=.*follows/);
});

test.describe("on a phone, in English and dark", () => {
  test.use({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "en-GB", colorScheme: "dark" });

  test("a closed ticket offers to ask again", async ({ page, as }) => {
    await as("manager");
    await page.goto(closed);
    await accessible(page);
    await again(page, "en").tap();
    await expect(linked(page, "en").getByRole("link")).toContainText(subject);
    await accessible(page);
  });
});
