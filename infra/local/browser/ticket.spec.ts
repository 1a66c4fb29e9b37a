// The page of a ticket: what was said, and what it looks like on paper.
import { readFile } from "node:fs/promises";
import type { Locator } from "@playwright/test";
import { accessible, box, expect, known, messages, reply, say, test, write } from "./portal";

test("the conversation reads from the oldest message to the newest", async ({ page, as }) => {
  await as("customer");
  await page.goto(`/support/tickets/${known.own}`);
  await expect(page.getByRole("heading", { level: 1, name: "S200 verliert zwischen Halle 2 und 3 das WLAN" })).toBeVisible();
  const all = messages(page);
  await expect(all.first()).toContainText("seit dem Umbau der Verbindungstür");
  await expect(all.first()).toContainText("Anna Brandt");
  await expect(all.first()).toContainText("Sie");
  await expect(all.nth(1)).toContainText("Jonas");
  await expect(all.nth(1).getByRole("listitem")).toHaveCount(3);
  await expect(all.nth(1).getByRole("link", { name: "unserer Anleitung" })).toHaveAttribute("href", "https://nordlicht.example/hilfe/wlan-protokoll");
  await expect(all.filter({ hasText: "Ergänzung aus der Spätschicht" })).toContainText("Tom Fischer");
  const times = await all.locator("header time").evaluateAll((list) => list.map((time) => (time as HTMLTimeElement).dateTime));
  expect(times.length).toBeGreaterThan(8);
  expect(times).toEqual([...times].sort());

  // Its properties, as the reader writes numbers, dates and choices.
  for (const [name, value] of [
    ["Produkt", "Nordlicht S200"],
    ["Betroffene Personen", "14"],
    ["Wunschtermin", "19. Juni"],
    ["Module", "Kommissionierung, Versand"],
    ["Rückruf erwünscht", "Ja"],
    ["Priorität", "Hoch"],
    ["Zuständig", "Jonas"],
  ] as const) {
    await expect(page.getByRole("term").filter({ hasText: name }).locator("xpath=following-sibling::dd")).toHaveText(value);
  }
  await expect(page.getByText("Ursache", { exact: true })).toHaveCount(0);
});

test("a long conversation is read page by page, from the newest back to the first", async ({ page, as, api }) => {
  const customer = await api("customer");
  const expected: string[] = [];
  for (let cursor = ""; ; ) {
    const answer = await customer.get(`/api/v1/support/tickets/${known.long}`, { params: cursor ? { cursor } : {} });
    const part = (await answer.json()) as { messages: { id: string }[]; next: string | null };
    expected.unshift(...part.messages.map((message) => message.id));
    if (!part.next) break;
    cursor = part.next;
  }
  expect(expected.length).toBeGreaterThan(120);

  await as("customer");
  await page.goto(`/support/tickets/${known.long}`);
  const ids = () => page.locator("[data-message]").evaluateAll((list) => list.map((item) => (item as HTMLElement).dataset["message"]!));
  await expect(box(page)).toBeVisible();
  const seen = await ids();
  const earlier = page.getByRole("link", { name: "Frühere Nachrichten anzeigen" });
  while ((await earlier.count()) > 0) {
    const before = page.url();
    await earlier.click();
    await expect(page).not.toHaveURL(before);
    seen.unshift(...(await ids()));
    await expect(box(page)).toHaveCount(0);
  }
  expect(seen).toEqual(expected);
  await expect(messages(page).first()).toContainText("wir stellen ab heute Zone für Zone auf Firmware 4 um");
  await page.getByRole("link", { name: /Neueste Nachrichten anzeigen|Spätere Nachrichten anzeigen/ }).click();
  await expect(page).toHaveURL(new RegExp(`/support/tickets/${known.long}(#latest)?$`));
  await expect(box(page)).toBeVisible();
});

test("an image opens over the page, and closing it leads back to where the reader was", async ({ page, as }) => {
  await as("customer");
  await page.goto(`/support/tickets/${known.own}`);
  const thumbnail = page.getByRole("link", { name: "anzeige-durchgang.png vergrößern" });
  await thumbnail.scrollIntoViewIfNeeded();
  const loaded = (name: string) =>
    page.getByRole("img", { name }).last().evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
  expect(await loaded("anzeige-durchgang.png")).toBeGreaterThan(1);

  await thumbnail.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Bild" });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole("img", { name: "anzeige-durchgang.png" })).toBeVisible();
  expect(await loaded("anzeige-durchgang.png")).toBeGreaterThan(1);
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(thumbnail).toBeFocused();

  await thumbnail.click();
  await dialog.getByRole("button", { name: "Bild schließen" }).click();
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(`/support/tickets/${known.own}`);
});

test("files are downloaded by their name", async ({ page, as }) => {
  await as("customer");
  await page.goto(`/support/tickets/${known.own}`);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "wlan.log" }).click();
  expect((await download).suggestedFilename()).toBe("wlan.log");
  expect(await readFile(await (await download).path(), "utf8")).toContain("14:07");
});

test("on paper there are the ticket and its conversation, and nothing to click", async ({ page, as }) => {
  await as("customer");
  await page.setViewportSize({ width: 700, height: 900 }); // about what a sheet gives
  await page.goto(`/support/tickets/${known.own}`);
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(messages(page).last()).toBeVisible();
  await expect(page.getByText("Betroffene Personen")).toBeVisible();
  // Moments are spelled out, days stay as they are.
  const term = (name: string) => page.getByRole("term").filter({ hasText: name }).locator("xpath=following-sibling::dd").locator("time");
  const printed = (time: Locator) =>
    time.evaluate((element) => {
      const shown = parseFloat(getComputedStyle(element).fontSize) > 0 ? element.textContent : "";
      return shown + getComputedStyle(element, "::after").content.replace("none", "");
    });
  expect(await printed(term("Wunschtermin"))).toBe("19. Juni");
  expect(await printed(term("Erstellt"))).toMatch(/^"Dienstag, 19\. Mai 2026, \d\d:\d\d:\d\d CEST"$/);
  for (const hidden of [
    page.getByRole("banner"),
    page.getByRole("contentinfo"),
    box(page),
    page.getByRole("button", { name: "Ticket schließen" }),
    page.getByRole("link", { name: "Alle Tickets" }),
  ]) {
    await expect(hidden).toBeHidden();
  }
});

test("news is offered while the page is open, and showing it keeps what was typed", async ({ page, as, api, ticket }) => {
  const { id, path } = await ticket("new answer");
  await page.clock.install();
  await as("manager");
  await page.goto(path);
  await write(page, "Angefangen");
  const asked = page.waitForResponse(/\/activity$/);
  await page.clock.runFor(21_000);
  await asked;
  await expect(page.getByText("Neue Antwort.")).toHaveCount(0);

  expect((await reply(await api("colleague"), id, "Das hat sich erledigt.")).status()).toBe(201);
  await expect(async () => {
    await page.clock.runFor(21_000); // the answer before it may be under way still
    await expect(page.getByText("Neue Antwort.")).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(page.getByText("Das hat sich erledigt.")).toHaveCount(0);
  await accessible(page);
  await page.getByRole("link", { name: "Anzeigen", exact: true }).click();
  await expect(page.getByText("Das hat sich erledigt.")).toBeVisible();
  await page.clock.runFor(1000);
  await expect(box(page)).toHaveText("Angefangen");
});

test.describe("when the session ends elsewhere", () => {
  test.use({ expected: [/401 \(Unauthorized\).*\/activity/] });

  test("the open page says so and asks no more", async ({ page, as, ticket }) => {
    const { path } = await ticket("signed out elsewhere");
    await page.clock.install();
    await as("manager");
    await page.goto(path);
    await write(page, "Noch da");
    await page.context().clearCookies();
    const asked = page.waitForResponse(/\/activity$/);
    await page.clock.runFor(21_000);
    await asked;
    await expect(page.getByText(say("de", "conversation.sessionEnded"))).toBeVisible();
    await expect(page.getByRole("link", { name: "Wieder anmelden" })).toHaveAttribute("href", `/support/sign-in?next=${encodeURIComponent(path)}`);
    await expect(box(page)).toHaveText("Noch da");
    let more = 0;
    page.on("request", (request) => (more += request.url().endsWith("/activity") ? 1 : 0));
    await page.clock.runFor(120_000);
    expect(more).toBe(0);
  });
});

test("the team looks at what customers see, and acts nowhere", async ({ page, as }) => {
  await as("agent");
  await page.goto(`/support/tickets/${known.own}`);
  await expect(page.getByText("Vorschau: Sie sehen, was Kunden sehen könnten.")).toBeVisible();
  await expect(box(page)).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Ticket schließen" })).toHaveCount(0);
});
