// Closing, opening again, and replying to what is closed.
import { accessible, box, events, expect, known, messages, say, send, test, write } from "./portal";

test("a ticket is closed and opened again, and both are told", async ({ page, as, ticket }) => {
  const { path } = await ticket("close and reopen");
  await as("manager");
  await page.goto(path);
  // The ticket may have been closed and opened before.
  const closed = events(page).filter({ hasText: "Miriam Vogt hat den Vorgang geschlossen" });
  const reopened = events(page).filter({ hasText: "Miriam Vogt hat den Vorgang wieder geöffnet" });
  const before = [await closed.count(), await reopened.count()] as const;
  await page.getByRole("button", { name: "Ticket schließen" }).click();
  await expect(page.getByText("Geschlossen.", { exact: true })).toBeVisible();
  await expect(closed).toHaveCount(before[0] + 1);
  await expect(page.locator("main").getByText("Gelöst", { exact: true })).toBeVisible();
  await expect(page.getByText(say("de", "detail.replyToClosed"))).toBeVisible();
  await accessible(page);

  await page.getByRole("button", { name: "Ticket wieder öffnen" }).click();
  await expect(page.getByText("Wieder geöffnet.", { exact: true })).toBeVisible();
  await expect(reopened).toHaveCount(before[1] + 1);
  await expect(page.locator("main").getByText("Wieder geöffnet", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Ticket schließen" })).toBeVisible();
});

test("who closes what somebody else has just closed sees it closed, once", async ({ page, as, ticket, context }) => {
  const { path } = await ticket("closed twice");
  await as("manager");
  const other = await context.newPage();
  for (const each of [page, other]) await each.goto(path);
  const closings = (each: typeof page) => each.getByText("Miriam Vogt hat den Vorgang geschlossen");
  const before = await closings(page).count();
  for (const each of [page, other]) {
    await each.getByRole("button", { name: "Ticket schließen" }).click();
    await expect(each.getByRole("button", { name: "Ticket wieder öffnen" })).toBeVisible();
    await expect(closings(each)).toHaveCount(before + 1);
  }
});

test("a reply to a closed ticket opens it again", async ({ page, as, ticket, api }) => {
  const { id, path } = await ticket("closed ticket");
  expect((await (await api("manager")).post(`/api/v1/support/tickets/${id}/close`)).status()).toBe(200);
  await as("manager");
  await page.goto(path);
  await expect(page.getByText(say("de", "detail.replyToClosed"))).toBeVisible();
  await write(page, "Es ist leider wieder da.");
  await send(page);
  await expect(messages(page).last()).toContainText("Es ist leider wieder da.");
  await expect(page.locator("main").getByText("Wieder geöffnet", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Ticket schließen" })).toBeVisible();
});

test("what was closed long ago cannot be opened again", async ({ page, as }) => {
  await as("customer");
  await page.goto(`/support/tickets/${known.oldClosed}`);
  await expect(page.getByRole("heading", { level: 1, name: "Inventurliste zeigt Umlaute falsch an" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Ticket wieder öffnen" })).toHaveCount(0);
});

test("where replies to closed ones are not allowed, the page explains it", async ({ page, as }) => {
  await as("customer", "bestellungen");
  await page.goto("/bestellungen/tickets?status=closed");
  await page.getByRole("table").getByRole("link").filter({ hasText: "Bestellung NL" }).first().click();
  await expect(page.getByText("Der Vorgang ist geschlossen und kann nicht mehr beantwortet werden.")).toBeVisible();
  await expect(box(page)).toHaveCount(0);
  await expect(page.getByRole("button", { name: /wieder öffnen/ })).toHaveCount(0);
  await accessible(page);
});

test("where closing is not allowed, nothing offers it", async ({ page, as }) => {
  await as("customer", "bestellungen");
  await page.goto("/bestellungen/tickets?status=open");
  await page.getByRole("table").getByRole("link").filter({ hasText: "Bestellung NL" }).first().click();
  await expect(box(page)).toBeVisible();
  await expect(page.getByRole("button", { name: /schließen$/ })).toHaveCount(0);
});

test.describe("on a phone, in English and dark", () => {
  test.use({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "en-GB", colorScheme: "dark" });

  test("a ticket is closed and opened again", async ({ page, as, ticket }) => {
    const { path } = await ticket("phone, closed");
    await as("manager");
    await page.goto(path);
    const closed = events(page).filter({ hasText: "Miriam Vogt closed this" });
    const reopened = events(page).filter({ hasText: "Miriam Vogt reopened this" });
    const before = [await closed.count(), await reopened.count()] as const;
    await page.getByRole("button", { name: "Close ticket" }).tap();
    await expect(closed).toHaveCount(before[0] + 1);
    await page.getByRole("button", { name: "Reopen ticket" }).tap();
    await expect(reopened).toHaveCount(before[1] + 1);
    await accessible(page);
  });
});
