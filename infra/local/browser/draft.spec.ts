// What was typed is not lost, and nobody else sees it.
import type { Page } from "@playwright/test";
import { accessible, box, drafts, expect, known, messages, say, send, signIn, test, write } from "./portal";

const kept = (page: Page) => expect.poll(async () => (await drafts(page)).length).toBe(1);

test("a draft survives a reload, with its formatting, and is gone once sent", async ({ page, as, ticket }) => {
  const { path } = await ticket("draft");
  await as("manager");
  await page.goto(path);
  await write(page, "Halb ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("fertig");
  await kept(page);
  expect(JSON.stringify(await drafts(page))).not.toMatch(/Halb|fertig/);
  await page.reload();
  await expect(page.getByText("Entwurf wiederhergestellt.")).toBeVisible();
  await expect(box(page)).toHaveText("Halb fertig");
  await expect(box(page).locator("strong")).toHaveText("fertig");
  await accessible(page);

  await page.goto(`/support/tickets/${known.long}`); // another ticket has another draft
  await expect(box(page)).toHaveValue("");
  await page.goto(path);
  await expect(box(page)).toHaveText("Halb fertig");
  await send(page);
  await expect(messages(page).last()).toContainText("Halb fertig");
  await expect.poll(() => drafts(page)).toEqual([]);
  await page.reload();
  await expect(box(page)).toHaveValue("");
  await expect(page.getByText("Entwurf wiederhergestellt.")).toBeHidden();
});

test("a draft can be discarded", async ({ page, as, ticket }) => {
  const { path } = await ticket("sent draft");
  await as("manager");
  await page.goto(path);
  await write(page, "Doch nicht");
  await kept(page);
  await page.reload();
  await page.getByRole("button", { name: "Entwurf verwerfen" }).click();
  await expect(box(page)).toHaveText("");
  expect(await drafts(page)).toEqual([]);
  await page.reload();
  await expect(box(page)).toHaveValue("");
});

test("a reply sent after the session ended waits on the page, and is sent once", async ({ page, as, ticket, context }) => {
  const { path } = await ticket("expired session");
  await as("manager");
  await page.goto(path);
  await write(page, "Nicht verloren");
  await context.clearCookies();
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Bitte melden Sie sich an" })).toBeVisible();
  await expect(page.getByLabel("Ihr Text")).toHaveValue(/Nicht verloren/);
  await accessible(page);

  const opened = context.waitForEvent("page");
  await page.getByRole("link", { name: "In neuem Tab anmelden" }).click();
  const other = await opened;
  await signIn(other, "manager");
  await expect(other.getByRole("navigation", { name: "Hauptmenü" })).toBeVisible();
  await other.close();
  await page.getByRole("button", { name: "Noch einmal senden" }).click();
  await expect(page.getByText(say("de", "detail.sent"))).toBeVisible();
  await page.goto(path);
  await expect(messages(page).filter({ hasText: "Nicht verloren" })).toHaveCount(1);
  await expect(box(page)).toHaveValue("");
});

test("after the session ended, signing in again finds the text where it was", async ({ page, as, ticket, context }) => {
  const { path } = await ticket("expired session, draft");
  await as("manager");
  await page.goto(path);
  await write(page, "Später weiter");
  await kept(page);
  await context.clearCookies();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Anmelden" })).toBeVisible();
  await signIn(page, "manager");
  await expect(page).toHaveURL(path);
  await expect(box(page)).toHaveText("Später weiter");
  await send(page);
});

test("the next person at the computer never sees a draft, and ends it", async ({ page, ticket }) => {
  const { path } = await ticket("next person");
  await page.goto(path);
  await signIn(page, "manager");
  await write(page, "Vertraulich");
  await kept(page);
  await page.locator("summary", { hasText: "Miriam Vogt" }).click();
  await page.getByRole("button", { name: "Abmelden" }).click();

  await page.goto(path);
  await signIn(page, "colleague");
  await expect(page).toHaveURL(path);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect.poll(() => drafts(page)).toEqual([]);
  await expect(page.getByText(/Entwurf wiederhergestellt|Draft restored/)).toBeHidden();
  await expect(page.getByRole("textbox")).toHaveValue("");
  expect(await page.content()).not.toContain("Vertraulich");
});
