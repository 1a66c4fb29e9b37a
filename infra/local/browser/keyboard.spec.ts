// The whole walk without a pointer.
import type { Locator, Page } from "@playwright/test";
import { box, emails, events, expect, messages, password, say, test } from "./portal";

/** Presses Tab until the element has the focus, and sees to it that it shows. */
async function tabTo(page: Page, to: Locator, key = "Tab"): Promise<void> {
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press(key);
    if (await to.evaluate((element) => element === document.activeElement)) {
      const { outlineStyle, outlineWidth } = await to.evaluate((element) => getComputedStyle(element));
      // A row shows the ring of its link, an editor or field its own.
      const ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      expect(ring || (await surrounded(to)), `the focus shows on ${to}`).toBe(true);
      return;
    }
  }
  throw new Error(`Tab does not lead to ${to}`);
}

/** Something around the element, or drawn by it, has the ring instead. */
function surrounded(of: Locator): Promise<boolean> {
  return of.evaluate((element) => {
    const ring = (style: CSSStyleDeclaration) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    for (let at: Element | null = element; at && at !== document.body; at = at.parentElement) {
      if (ring(getComputedStyle(at)) || ring(getComputedStyle(at, "::after")) || ring(getComputedStyle(at, "::before"))) return true;
    }
    return false;
  });
}

test("signing in, finding, reading, replying and closing", async ({ page, ticket }) => {
  const { path, subject } = await ticket("keyboard");
  await page.goto("/support/tickets?view=company&sort=-created");
  await tabTo(page, page.getByLabel("E-Mail-Adresse"));
  await page.keyboard.type(emails.manager);
  await tabTo(page, page.getByLabel("Passwort"));
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Tickets" })).toBeVisible();

  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Zum Inhalt springen" })).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, page.locator("summary", { hasText: "Ansicht:" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("link", { name: "Meine Tickets" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("link", { name: "Meine Tickets" })).toBeHidden();
  const row = page.locator(`a[href="${path}"]`);
  while ((await row.count()) === 0) {
    const next = page.getByRole("link", { name: "Weiter" });
    const before = page.url();
    await tabTo(page, next);
    await page.keyboard.press("Enter");
    await expect(page).not.toHaveURL(before);
  }
  await tabTo(page, row);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: subject })).toBeVisible();

  await tabTo(page, page.getByRole("textbox", { name: "Ihre Antwort" }));
  await expect(page.getByRole("toolbar", { name: "Formatierung" })).toBeVisible();
  await expect(box(page)).toBeFocused();
  await page.keyboard.type("Ganz ohne Maus. ");
  await page.keyboard.press("Tab"); // the toolbar is one stop, arrows move in it
  await expect(page.getByRole("button", { name: "Fett" })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await expect(box(page)).toBeFocused();
  await page.keyboard.type("Wirklich.");
  await tabTo(page, page.getByRole("button", { name: "Dateien anhängen" }));
  await tabTo(page, page.getByRole("button", { name: "Antwort senden" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("Antwort gesendet.")).toBeVisible();
  await expect(messages(page).last()).toContainText("Ganz ohne Maus.");

  await tabTo(page, page.getByRole("button", { name: "Ticket schließen" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Miriam Vogt hat den Vorgang geschlossen")).toBeVisible();
});

test("the team finds, discusses, answers and assigns", async ({ page, task }) => {
  const ticket = await task("inbox by keyboard");
  const main = page.getByRole("main");
  await page.goto("/support/inbox?owner=unassigned");
  await tabTo(page, page.getByLabel("E-Mail-Adresse"));
  await page.keyboard.type(emails.agent);
  await tabTo(page, page.getByLabel("Passwort"));
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/support/inbox?owner=unassigned");

  // The list.
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Zum Inhalt springen" })).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, main.locator("summary", { hasText: "Support" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("link", { name: "Werkstatt" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("link", { name: "Werkstatt" })).toBeHidden();
  await tabTo(page, main.getByRole("link", { name: /^Alle/ }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/support/inbox");
  const row = main.locator(`a.row-link[href^="${ticket.inbox}"]`);
  while ((await row.count()) === 0) {
    const before = page.url();
    await tabTo(page, main.getByRole("link", { name: "Weiter", exact: true }));
    await page.keyboard.press("Enter");
    await expect(page).not.toHaveURL(before);
  }
  await tabTo(page, row);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: ticket.subject })).toBeVisible();

  // A comment, and an answer. The conversation begins behind the list.
  await tabTo(page, main.getByRole("navigation", { name: "Schreiben" }).getByRole("link", { name: "Interner Kommentar" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/compose=comment.*#reply$/);
  await tabTo(page, page.getByRole("textbox", { name: say("de", "inbox.comment.label") }));
  await expect(page.getByRole("toolbar", { name: "Formatierung" })).toBeVisible();
  await page.keyboard.type("Ohne Maus besprochen.");
  await tabTo(page, page.getByRole("button", { name: "Kommentar speichern" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText(say("de", "inbox.done.comment"))).toBeVisible();
  await expect(messages(page).last()).toContainText("Ohne Maus besprochen.");

  await tabTo(page, main.getByRole("navigation", { name: "Schreiben" }).getByRole("link", { name: "Antwort" }));
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/compose=comment/);
  const answer = box(page, "de", "inbox.reply.label");
  await tabTo(page, answer);
  await expect(page.getByRole("toolbar", { name: "Formatierung" })).toBeVisible();
  await expect(answer).toBeFocused();
  await page.keyboard.type("Ohne Maus beantwortet.");
  await tabTo(page, page.getByRole("button", { name: "Antwort senden" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  await expect(messages(page).last()).toContainText("Ohne Maus beantwortet.");

  // Assigning, in the fields beside it.
  const owner = page.getByRole("region", { name: "Details", exact: true }).getByLabel("Zuständig");
  await tabTo(page, owner);
  await page.keyboard.type("Kat");
  await expect(owner.locator("option:checked")).toHaveText("Katrin Sommer");
  await tabTo(page, page.getByRole("button", { name: "Änderungen speichern" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("Gespeichert.", { exact: true })).toBeVisible();
  await expect(events(page).last()).toContainText("Jonas Lehmann hat Katrin Sommer zugewiesen");
});
