// The team's inbox: finding, changing, and not getting in each other's way.
import type { Browser, BrowserContext, Cookie, Locator, Page } from "@playwright/test";
import { accessible, box, emails, events, expect, messages, reply, say, signIn, test, write, type Account, type Mail } from "./portal";

const list = (page: Page) => page.getByRole("region", { name: "Posteingang", exact: true });
const rows = (page: Page) => list(page).locator(".inbox-row");
const card = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
const details = (page: Page) => card(page, "Details");
const line = (page: Page) => page.locator("[data-presence-line]");

/** Writes an answer to the customer. */
const answer = (page: Page, text: string) => write(page, text, "de", "inbox.reply.label");
const answerBox = (page: Page) => box(page, "de", "inbox.reply.label");

/** Another browser, signed in as the account. */
async function another(browser: Browser, account: Account, session: (account: Account) => Promise<Cookie[]>): Promise<BrowserContext> {
  const context = await browser.newContext();
  await context.addCookies(await session(account));
  return context;
}

/** The text, in words that no other message has. */
const unique = (text: string) => `${text} ${crypto.randomUUID().slice(0, 8)}`;

async function save(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Änderungen speichern" }).click();
}

test("home and signing in lead the team to its inbox", async ({ page }) => {
  await page.goto("/");
  await signIn(page, "agent");
  await expect(page).toHaveURL("/support/inbox");
  await expect(page.getByRole("heading", { level: 1, name: "Posteingang" })).toBeAttached();
  for (const path of ["/", "/support", "/support/sign-in"]) {
    await page.goto(path);
    await expect(page).toHaveURL("/support/inbox");
  }
  await page.getByRole("navigation", { name: "Hauptmenü" }).getByRole("link", { name: "Tickets" }).click();
  await expect(page.getByText(say("de", "frame.preview"))).toBeVisible();
  await page.getByRole("navigation", { name: "Hauptmenü" }).getByRole("link", { name: "Posteingang" }).click();
  await expect(page).toHaveURL("/support/inbox");
});

test("a customer is told that the inbox is the team's, and led to their own", async ({ page, as, task }) => {
  const ticket = await task("inbox list");
  await as("customer");
  for (const path of ["/support/inbox", ticket.inbox]) {
    const answer = await page.goto(path);
    expect(answer!.status(), path).toBe(403);
    await expect(page.getByRole("heading", { level: 1, name: "Nicht erlaubt" })).toBeVisible();
    await expect(page.getByText("Der Posteingang ist dem Team vorbehalten.")).toBeVisible();
    expect(await page.content()).not.toContain(ticket.subject);
    await accessible(page);
    await page.getByRole("main").getByRole("link", { name: "Zur Startseite" }).click();
    await expect(page).toHaveURL("/support/tickets");
  }
});

test("an inbox or a ticket that is not theirs is not there for an agent", async ({ page, as, api }) => {
  const orders = await (await api("agent", "bestellungen")).get("/api/v1/bestellungen/inbox");
  const { tickets } = (await orders.json()) as { tickets: { id: string }[] };
  await as("agent");
  for (const path of [`/support/inbox/${tickets[0]!.id}`, "/support/inbox?inbox=inboxorders", "/support/inbox/nothing0", "/support/inbox/%00"]) {
    const answer = await page.goto(path);
    expect([400, 404], path).toContain(answer!.status());
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  const answer = await page.goto("/support/inbox?state=odd&owner=strange");
  expect(answer!.status()).toBe(422);
  await expect(page.getByText(say("de", "inbox.error.state"))).toBeVisible();
});

test("the list is filtered by state, owner and inbox, and its address says so", async ({ page, as }) => {
  await as("agent");
  await page.goto("/support/inbox");
  const states = list(page).getByRole("navigation", { name: "Status" });
  const owners = list(page).getByRole("navigation", { name: "Zuständig" });
  await expect(states.getByRole("link", { name: "Offen" })).toHaveAttribute("aria-current", /.+/);
  await expect(owners.getByRole("link", { name: /^Alle/ })).toHaveAttribute("aria-current", /.+/);
  await expect(rows(page)).toHaveCount(25);
  const times = await rows(page).locator("time").evaluateAll((all) => all.map((time) => (time as HTMLTimeElement).dateTime));
  expect(times).toEqual([...times].sort().reverse());

  await owners.getByRole("link", { name: /^Nicht zugewiesen/ }).click();
  await expect(page).toHaveURL("/support/inbox?owner=unassigned");
  await expect(rows(page).first()).toBeVisible();
  await expect(rows(page).filter({ hasText: "Zuständig:" })).toHaveCount(0);

  await owners.getByRole("link", { name: /^Meine/ }).click();
  await expect(page).toHaveURL("/support/inbox?owner=mine");
  await states.getByRole("link", { name: "Geschlossen" }).click();
  await expect(page).toHaveURL("/support/inbox?owner=mine&state=closed");
  await expect(owners.getByRole("link", { name: /^Meine/ })).toHaveAttribute("aria-current", /.+/);
  const closed = await rows(page).count();
  expect(closed).toBeGreaterThan(0);
  await expect(rows(page).filter({ hasText: "Jonas Lehmann" }).filter({ hasText: "Geschlossen" })).toHaveCount(closed);

  // The filter stays beside a ticket, and on the way back.
  await rows(page).first().getByRole("link").click();
  await expect(page).toHaveURL(/\/support\/inbox\/[a-z0-9]+\?owner=mine&state=closed#latest$/);
  await expect(rows(page)).toHaveCount(closed);
  await expect(list(page).getByRole("link", { name: await page.getByRole("heading", { level: 1 }).innerText() }).first()).toHaveAttribute("aria-current", /.+/);
  await page.setViewportSize({ width: 700, height: 800 });
  await expect(list(page)).toBeHidden();
  await page.getByRole("main").getByRole("link", { name: "Posteingang" }).click();
  await expect(page).toHaveURL("/support/inbox?owner=mine&state=closed");

  // Another inbox, and further pages.
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto("/support/inbox?state=closed");
  await page.getByRole("navigation", { name: "Seiten" }).getByRole("link", { name: "Weiter" }).click();
  await expect(page).toHaveURL(/[?&]cursor=/);
  await expect(page.getByRole("navigation", { name: "Seiten" }).getByRole("link", { name: "Zurück" })).toBeVisible();
  await list(page).locator("summary", { hasText: "Support" }).click();
  await list(page).getByRole("link", { name: "Werkstatt" }).click();
  await expect(page).toHaveURL("/support/inbox?inbox=inboxrepair&state=closed");
  await owners.getByRole("link", { name: /^Nicht zugewiesen/ }).click();
  await expect(page.getByText("Noch nichts geschlossen")).toBeVisible();
});

test("the list keeps its place from one ticket to the next, with the open one in view", async ({ page, as, browser }) => {
  await as("agent");
  await page.goto("/support/inbox");
  const box = list(page).locator(".inbox-rows");
  const inView = (row: Locator) =>
    row.evaluate((row) => {
      const [inner, outer] = [row.getBoundingClientRect(), row.closest(".inbox-rows")!.getBoundingClientRect()];
      return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
    });
  const link = rows(page).nth(20).getByRole("link");
  const href = (await link.getAttribute("href"))!;
  await link.click();
  await expect(page).toHaveURL(href);
  const open = list(page).locator(".inbox-row.current");
  await expect.poll(() => inView(open)).toBe(true);
  // The one above it is there to be clicked, and nothing moves by it.
  const place = await box.evaluate((box) => box.scrollTop);
  await open.locator("xpath=preceding-sibling::li[1]").getByRole("link").click();
  await expect(page).not.toHaveURL(href);
  await expect.poll(() => inView(open)).toBe(true);
  expect(Math.abs((await box.evaluate((box) => box.scrollTop)) - place)).toBeLessThan(2);

  // A link from elsewhere has no place to keep.
  const context = await browser.newContext();
  await context.addCookies(await page.context().cookies());
  const fresh = await context.newPage();
  await fresh.goto(href);
  await expect.poll(() => inView(list(fresh).locator(".inbox-row.current"))).toBe(true);
  await context.close();
});

test("the counts tell what is open", async ({ page, as, api }) => {
  // Where no test writes.
  const agent = await api("agent", "bestellungen");
  const open = async (owner: string) => {
    const answer = await agent.get("/api/v1/bestellungen/inbox", { params: { owner, limit: 100 } });
    return ((await answer.json()) as { tickets: unknown[] }).tickets.length;
  };
  await as("agent", "bestellungen");
  await page.goto("/bestellungen/inbox?state=closed");
  for (const [name, owner] of [["Meine", "mine"], ["Nicht zugewiesen", "unassigned"], ["Alle", "all"]] as const) {
    await expect(page.getByRole("link", { name: `${name} ${await open(owner)}`, exact: true })).toBeVisible();
  }
});

test("what is new is offered above the list, without moving it", async ({ page, as, api, task }) => {
  const ticket = await task("inbox list");
  await page.clock.install();
  await as("admin");
  await page.goto("/support/inbox");
  const before = await rows(page).allInnerTexts();
  expect((await reply(await api("customer"), ticket.id, "Noch etwas.")).status()).toBe(201);
  const news = list(page).getByRole("link", { name: "Neue Aktivität anzeigen" });
  await expect(async () => {
    await page.clock.runFor(31_000);
    await expect(news).toBeVisible({ timeout: 1000 });
  }).toPass();
  expect(await rows(page).allInnerTexts()).toEqual(before);
  await accessible(page);
  await news.click();
  await expect(rows(page).filter({ hasText: `#${ticket.number}` }).getByRole("link")).toHaveAccessibleName(`Neu: ${ticket.subject}`);
});

test("owner, stage, priority and properties are set and recorded, for the team alone", async ({ page, as, api, task }) => {
  const ticket = await task("edited");
  const cause = unique("Dichtung");
  expect((await reply(await api("customer"), ticket.id, "Es tropft.")).status()).toBe(201);
  await as("agent");
  await page.goto(ticket.inbox);
  await details(page).getByLabel("Zuständig").selectOption("Jonas Lehmann");
  await details(page).getByLabel("Status").selectOption("Warten auf Sie");
  await details(page).getByLabel("Priorität").selectOption("Dringend");
  await details(page).getByLabel("Ursache").fill(cause);
  await save(page);
  await expect(page.getByText("Gespeichert.", { exact: true })).toBeVisible();
  await expect(details(page).getByLabel("Zuständig").locator("option:checked")).toHaveText("Jonas Lehmann");
  await expect(details(page).getByLabel("Priorität")).toHaveValue("urgent");
  await expect(details(page).getByLabel("Ursache")).toHaveValue(cause);
  await expect(page.locator(".thread-head")).toContainText("Warten auf Sie");
  await expect(rows(page).filter({ hasText: `#${ticket.number}` })).toContainText("Dringend");

  const recorded = (await events(page).allInnerTexts()).slice(-4);
  for (const [i, text] of [
    "Jonas Lehmann hat übernommen",
    "Jonas Lehmann hat Status von In Bearbeitung auf Warten auf Sie geändert",
    "Jonas Lehmann hat Priorität auf Dringend gesetzt",
    `Jonas Lehmann hat Ursache auf ${cause} gesetzt`,
  ].entries()) {
    expect(recorded[i]).toContain("Nur Ihr Team sieht das");
    expect(recorded[i]).toContain(text);
  }

  // Without a change there is nothing to save.
  await expect(page.getByRole("button", { name: "Änderungen speichern" })).toBeHidden();

  // To another, and to nobody.
  await details(page).getByLabel("Zuständig").selectOption("Lea Hoffmann");
  await save(page);
  await expect(events(page).last()).toContainText("Jonas Lehmann hat Lea Hoffmann zugewiesen");
  await details(page).getByLabel("Zuständig").selectOption("Niemand");
  await save(page);
  await expect(events(page).last()).toContainText("Jonas Lehmann hat die Zuweisung aufgehoben");
  await accessible(page);

  const seen = await (await api("customer")).get(ticket.path, { headers: { Accept: "text/html" } });
  expect(seen.status()).toBe(200);
  expect(await seen.text()).not.toMatch(new RegExp(`${cause}|Jonas Lehmann hat (übernommen|Lea|die Zuweisung)|zugewiesen`));
});

test("what cannot be saved is said beside its field, and what was chosen stays", async ({ page, as, task }) => {
  const ticket = await task("refused edits");
  await as("agent");
  await page.goto(ticket.inbox);
  await details(page).getByLabel("Betreff").fill("");
  await details(page).getByLabel("Priorität").selectOption("Niedrig");
  await save(page);
  await expect(details(page).getByLabel("Betreff")).toHaveAccessibleDescription("Bitte geben Sie einen Betreff ein.");
  await expect(details(page).getByLabel("Betreff")).toBeFocused();
  await expect(details(page).getByLabel("Priorität")).toHaveValue("low");
  await accessible(page);
  await page.goto(ticket.inbox);
  await expect(details(page).getByLabel("Betreff")).toHaveValue(ticket.subject);
  await expect(details(page).getByLabel("Priorität")).toHaveValue("");
});

test("of two who change the same, the second is asked", async ({ page, as, task, browser, session, watch }) => {
  const ticket = await task("edited by two");
  const theirs = await another(browser, "admin", session);
  await watch(theirs);
  const other = await theirs.newPage();
  await as("agent");
  await page.goto(ticket.inbox);
  await other.goto(ticket.inbox);

  // Different things do not meet.
  await other.getByLabel("Ursache").fill("Firmware");
  await other.getByLabel("Priorität").selectOption("Hoch");
  await save(other);
  await expect(other.getByText("Gespeichert.", { exact: true })).toBeVisible();
  await details(page).getByLabel("Zuständig").selectOption("Jonas Lehmann");
  await save(page);
  await expect(page.getByText("Gespeichert.", { exact: true })).toBeVisible();
  await expect(page.getByLabel("Priorität")).toHaveValue("high");
  await expect(page.getByLabel("Ursache")).toHaveValue("Firmware");

  // The same does.
  await other.goto(ticket.inbox);
  await other.getByLabel("Priorität").selectOption("Mittel");
  await save(other);
  await expect(other.getByText("Gespeichert.", { exact: true })).toBeVisible();
  await page.getByLabel("Priorität").selectOption("Dringend");
  await page.getByLabel("Ursache").fill("Kabel");
  await save(page);
  await expect(page.getByText(say("de", "inbox.error.conflict"))).toBeVisible();
  await expect(page.getByLabel("Priorität")).toHaveAccessibleDescription(say("de", "inbox.error.changed"));
  await expect(page.getByLabel("Priorität")).toBeFocused();
  await expect(page.getByLabel("Priorität")).toHaveValue("urgent");
  await expect(page.getByLabel("Ursache")).toHaveValue("Kabel");
  await expect(events(page).last()).toContainText("Katrin Sommer hat Priorität von Hoch auf Mittel geändert");
  await accessible(page);
  await save(page);
  await expect(page.getByText("Gespeichert.", { exact: true })).toBeVisible();
  await expect(events(page).filter({ hasText: "Jonas Lehmann hat Priorität von Mittel auf Dringend geändert" }).last()).toBeVisible();
  await expect(page.getByLabel("Ursache")).toHaveValue("Kabel");
  await theirs.close();
});

test("contacts are added by their address and removed", async ({ page, as, task }) => {
  const ticket = await task("contacts");
  await as("agent");
  await page.goto(ticket.inbox);
  const contacts = card(page, "Kontakte");
  await expect(contacts.getByRole("listitem").filter({ hasText: "Anna Brandt" })).toContainText(emails.customer);
  const add = contacts.getByRole("button", { name: "Kontakt zuordnen" });
  const field = contacts.getByLabel("E-Mail-Adresse");
  for (const [address, problem] of [
    ["", "Bitte geben Sie eine E-Mail-Adresse ein."],
    ["nobody@nowhere.example", "Kein Kontakt hat diese Adresse."],
    [emails.admin, "Diese Adresse gehört dem Team. Weisen Sie es stattdessen zu."],
  ] as const) {
    await page.goto(ticket.inbox);
    await contacts.locator("summary", { hasText: "Kontakt zuordnen" }).click();
    await field.fill(address);
    await add.click();
    await expect(field).toHaveAccessibleDescription(problem);
    await expect(field).toBeFocused();
    await expect(field).toHaveValue(address);
  }
  await accessible(page);

  await field.fill("Ralf.Niemann@eichental.example");
  await add.click();
  await expect(page.getByText("Gespeichert.", { exact: true })).toBeVisible();
  const added = contacts.getByRole("listitem").filter({ hasText: "Ralf Niemann" });
  await expect(added).toContainText("ralf.niemann@eichental.example");
  await expect(events(page).last()).toContainText("Jonas Lehmann hat Ralf Niemann zugeordnet");

  // And the organisation that comes with them.
  const companies = card(page, "Organisationen");
  await companies.locator("summary", { hasText: "Organisation zuordnen" }).click();
  await companies.getByLabel("Organisation").selectOption("Möbelwerk Eichental GmbH");
  await companies.getByRole("button", { name: "Organisation zuordnen" }).click();
  await expect(companies.getByRole("listitem").filter({ hasText: "Möbelwerk Eichental GmbH" })).toBeVisible();
  await companies.getByRole("button", { name: "Möbelwerk Eichental GmbH entfernen" }).click();
  await expect(companies.getByRole("listitem").filter({ hasText: "Möbelwerk Eichental GmbH" })).toHaveCount(0);

  await added.getByRole("button", { name: "Ralf Niemann entfernen" }).click();
  await expect(page.getByText("Gespeichert.", { exact: true })).toBeVisible();
  await expect(added).toHaveCount(0);
  await expect(events(page).last()).toContainText("Jonas Lehmann hat die Zuordnung von Ralf Niemann aufgehoben");
});

test("two of the team see each other, and who writes, until one leaves", async ({ page, as, task, browser, session, watch }) => {
  test.slow(); // somebody counts as present for a while after they have left
  const ticket = await task("two at once");
  const theirs = await another(browser, "admin", session);
  await watch(theirs);
  const other = await theirs.newPage();
  for (const each of [page, other]) await each.clock.install();
  await as("agent");
  await page.goto(ticket.inbox);
  await expect(line(page)).toBeEmpty();
  await expect(page.getByRole("heading", { level: 1, name: ticket.subject })).toBeVisible();
  await other.goto(ticket.inbox);
  const becomes = (text: string | RegExp, timeout = 15_000) =>
    expect(async () => {
      await page.clock.runFor(8_500);
      await expect(line(page)).toHaveText(text, { timeout: 1000 });
    }).toPass({ timeout });
  await expect(line(other)).toHaveText("Jonas Lehmann ist auch hier");
  await becomes("Katrin Sommer ist auch hier");

  await write(other, "Ich", "de", "inbox.reply.label");
  const told = other.waitForRequest(/\/activity\?writing=1$/);
  await other.clock.runFor(8_500);
  await told;
  await becomes("Katrin Sommer schreibt gerade");
  await accessible(page);

  // What the other one sends is offered.
  await other.getByRole("button", { name: "Antwort senden" }).click();
  await expect(other.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  await expect(async () => {
    await page.clock.runFor(8_500);
    await expect(page.getByText("Hier hat sich etwas geändert.")).toBeVisible({ timeout: 1000 });
  }).toPass();
  await answer(page, "Angefangen");
  await page.getByRole("link", { name: "Anzeigen", exact: true }).click();
  await expect(messages(page).last()).toContainText("Ich");
  await page.clock.runFor(1000);
  await expect(answerBox(page)).toHaveText("Angefangen");

  await theirs.close();
  await becomes("", 60_000);
});

test("an answer that crosses what the customer writes asks before it goes", async ({ page, as, task, api }) => {
  const ticket = await task("crossed");
  const [first, second, answered] = [unique("Es geht wieder."), unique("Oder doch nicht."), unique("Bitte schicken Sie es ein.")];
  const customer = await api("customer");
  await as("agent");
  await page.goto(ticket.inbox);
  await answer(page, answered);
  expect((await reply(customer, ticket.id, first)).status()).toBe(201);
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByRole("alert").filter({ hasText: say("de", "inbox.error.crossed") })).toBeVisible();
  await expect(messages(page).last()).toContainText(first);
  await expect(messages(page).last()).toBeInViewport();
  await expect(answerBox(page)).toHaveText(answered);
  await expect(answerBox(page)).toBeFocused();
  await expect(page.getByRole("button", { name: "Trotzdem senden" })).toBeInViewport();
  await expect(page.getByRole("button", { name: "Antwort senden" })).toHaveCount(0);
  await accessible(page);

  // When more comes before that, it asks again.
  expect((await reply(customer, ticket.id, second)).status()).toBe(201);
  await page.getByRole("button", { name: "Trotzdem senden" }).click();
  await expect(messages(page).last()).toContainText(second);
  await expect(answerBox(page)).toHaveText(answered);
  await page.getByRole("button", { name: "Trotzdem senden" }).click();
  await expect(page.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  await page.goto(ticket.inbox);
  const texts = await messages(page).allInnerTexts();
  expect(texts.filter((text) => text.includes(answered))).toHaveLength(1);
  const places = [first, second, answered].map((wanted) => texts.findIndex((text) => text.includes(wanted)));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  await expect(answerBox(page)).toHaveValue("");
});

test("a double click answers once", async ({ page, as, task }) => {
  const ticket = await task("answered twice");
  const once = unique("Nur einmal gesagt");
  await as("agent");
  await page.goto(ticket.inbox);
  await answer(page, once);
  await page.getByRole("button", { name: "Antwort senden" }).dblclick();
  await expect(page.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  await page.goto(ticket.inbox);
  await expect(messages(page).filter({ hasText: once })).toHaveCount(1);
});

test("an answer can close the ticket", async ({ page, as, task }) => {
  const ticket = await task("answered and closed");
  await as("agent");
  await page.goto(ticket.inbox);
  await answer(page, "Damit ist es erledigt.");
  await page.getByLabel("und schließen").check();
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  await expect(page.locator(".thread-head")).toContainText("Gelöst");
  await expect(events(page).filter({ hasText: "Jonas Lehmann hat den Vorgang geschlossen" }).last()).toBeVisible();
  await expect(page.getByLabel("und schließen")).toHaveCount(0);
});

test("an answer or comment that outlives the session is not lost", async ({ page, as, task, context }) => {
  const ticket = await task("answered, session expired");
  for (const [path, label, button, text] of [
    [ticket.inbox, "inbox.reply.label", "Antwort senden", unique("Nicht verloren")],
    [`${ticket.inbox}?compose=comment`, "inbox.comment.label", "Kommentar speichern", unique("Auch nicht verloren")],
  ] as const) {
    await as("agent");
    await page.goto(path);
    await write(page, text, "de", label);
    await context.clearCookies();
    await page.getByRole("button", { name: button }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Bitte melden Sie sich an" })).toBeVisible();
    await expect(page.getByLabel("Ihr Text")).toHaveValue(text);
    await accessible(page);
    await as("agent");
    await page.getByRole("button", { name: "Noch einmal senden" }).click();
    await expect(page.getByText(say("de", label === "inbox.reply.label" ? "inbox.done.reply" : "inbox.done.comment"))).toBeVisible();
    await page.goto(path);
    await expect(messages(page).filter({ hasText: text })).toHaveCount(1);
    await expect(box(page, "de", label)).toHaveValue("");
  }
  await expect(messages(page).last().getByText("Interner Kommentar")).toBeVisible();
});

test("a draft stays with its ticket and its kind while one looks elsewhere", async ({ page, as, task }) => {
  const ticket = await task("answered twice");
  await as("admin");
  await page.goto(ticket.inbox);
  const ways = page.getByRole("navigation", { name: "Schreiben" });
  await answer(page, "Für den Kunden");
  await ways.getByRole("link", { name: "Interner Kommentar" }).click();
  await expect(box(page, "de", "inbox.comment.label")).toHaveValue("");
  await write(page, "Für uns", "de", "inbox.comment.label");
  await rows(page).filter({ hasNotText: `#${ticket.number}` }).first().getByRole("link").click();
  await expect(answerBox(page)).toHaveValue("");
  await page.goto(ticket.inbox);
  await expect(answerBox(page)).toHaveText("Für den Kunden");
  await ways.getByRole("link", { name: "Interner Kommentar" }).click();
  await expect(box(page, "de", "inbox.comment.label")).toHaveText("Für uns");
});

test("a ticket is opened for who called, who hears of it", async ({ page, as, api, request }) => {
  const subject = unique("Rückruf wegen Akku");
  await as("agent");
  await page.goto("/support/inbox");
  await list(page).getByRole("link", { name: "Ticket anlegen" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Ticket anlegen" })).toBeVisible();
  const main = page.getByRole("main");
  await main.getByLabel("E-Mail-Adresse des Kontakts").fill("nobody@nowhere.example");
  await main.getByLabel("Worum geht es?").fill("Der Akku wird warm.");
  await main.getByRole("button", { name: "Ticket anlegen" }).click();
  await expect(main.getByLabel("E-Mail-Adresse des Kontakts")).toHaveAccessibleDescription(/Kein Kontakt hat diese Adresse\./);
  await expect(main.getByLabel("E-Mail-Adresse des Kontakts")).toBeFocused();
  await expect(main.getByLabel("Betreff")).toHaveAccessibleDescription("Bitte geben Sie einen Betreff ein.");
  await expect(main.getByLabel("Worum geht es?")).toHaveValue("Der Akku wird warm.");
  await accessible(page);

  await main.getByLabel("E-Mail-Adresse des Kontakts").fill("sanne.de-boer@vandermeer.example");
  await main.getByLabel("Betreff").fill(subject);
  await main.getByRole("button", { name: "Ticket anlegen" }).click();
  await expect(page.getByRole("heading", { level: 1, name: subject })).toBeVisible();
  await expect(messages(page)).toHaveCount(1);
  await expect(messages(page)).toContainText("Der Akku wird warm.");
  await expect(card(page, "Kontakte").getByText("Sanne de Boer", { exact: true })).toBeVisible();
  const id = new URL(page.url()).pathname.split("/").at(-1)!;
  const { ticket } = (await (await (await api("agent")).get(`/api/v1/support/inbox/${id}`)).json()) as { ticket: { number: number } };
  const told = async () => {
    const { mail } = (await (await request.get("/_local/mail.json")).json()) as { mail: Mail[] };
    return mail.filter((one) => one.subject === `[#${ticket.number}] ${subject}` && one.to.some((to) => to.includes("sanne.de-boer@")));
  };
  await expect.poll(told).toHaveLength(1);
});
