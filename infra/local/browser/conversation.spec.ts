// A whole conversation: the customer writes, the team finds it, talks about it
// and answers, and both are told by mail.
import type { Page } from "@playwright/test";
import { accessible, events, expect, mails, messages, reply, say, signIn, test, write } from "./portal";

/** The ticket's row in the list of the inbox. */
const row = (page: Page, number: number) => page.getByRole("region", { name: "Posteingang" }).getByRole("listitem").filter({ hasText: `#${number}` });

test("a customer asks, the team answers, and both hear of it", async ({ page, as, task, browser, watch, request }) => {
  const ticket = await task("conversation");
  const mark = crypto.randomUUID().slice(0, 8);
  const question = `Seit heute früh piept das Gerät. ${mark}`;
  const secret = `Kulanz prüfen, Vertrag läuft aus. ${mark}`;
  const answer = `Bitte tauschen Sie den Akku. ${mark}`;
  const thanks = `Danke, das hat geholfen. ${mark}`;

  // The customer writes.
  const theirs = await browser.newContext();
  await watch(theirs);
  const customer = await theirs.newPage();
  await customer.goto(ticket.path);
  await signIn(customer, "customer");
  await write(customer, question);
  await customer.getByRole("button", { name: "Antwort senden" }).click();
  await expect(customer.getByText(say("de", "detail.sent"))).toBeVisible();
  await customer.locator("summary", { hasText: "Anna Brandt" }).click();
  await customer.getByRole("button", { name: "Abmelden" }).click();
  await expect(customer.getByText("Sie sind abgemeldet.")).toBeVisible();

  // Nobody owns it: the mail tells who works in its inbox.
  await expect.poll(() => mails(request, ticket, "agent", question).then((all) => all.length)).toBe(1);
  expect((await mails(request, ticket, "agent", question))[0]!.text).toContain(`${ticket.inbox}\n`);

  // The agent finds it unread among what is nobody's.
  await as("agent");
  await page.goto("/support/inbox?owner=unassigned");
  await expect(row(page, ticket.number).getByRole("link")).toHaveAccessibleName(`Neu: ${ticket.subject}`);
  await expect(page.getByRole("link", { name: /^Nicht zugewiesen \d+\+?$/ })).toBeVisible();
  await row(page, ticket.number).getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1, name: ticket.subject })).toBeVisible();
  await expect(messages(page).last()).toContainText(question);
  await expect(row(page, ticket.number).getByRole("link")).toHaveAccessibleName(ticket.subject);
  await expect(async () => {
    // A mark that another page of the agent's writes at the same moment may win.
    await page.goto(ticket.inbox);
    await page.goto("/support/inbox?owner=unassigned");
    await expect(row(page, ticket.number).getByRole("link")).toHaveAccessibleName(ticket.subject, { timeout: 1000 });
  }).toPass();

  // What the team says among itself.
  await page.goto(ticket.inbox);
  await page.getByRole("navigation", { name: "Schreiben" }).getByRole("link", { name: "Interner Kommentar" }).click();
  await expect(page.getByText(say("de", "inbox.comment.note"))).toBeVisible();
  await write(page, secret, "de", "inbox.comment.label");
  await page.getByRole("button", { name: "Kommentar speichern" }).click();
  await expect(page.getByText(say("de", "inbox.done.comment"))).toBeVisible();
  const comment = messages(page).last();
  await expect(comment).toContainText(secret);
  await expect(comment.getByText("Interner Kommentar")).toBeVisible();
  const ground = (text: string) => page.getByRole("region", { name: "Verlauf" }).getByRole("listitem").filter({ hasText: text });
  await expect(ground(secret)).toHaveCSS("background-color", "rgb(239, 234, 251)");
  await expect(ground(question)).toHaveCSS("background-color", "rgb(255, 255, 255)");

  // And what it says to the customer.
  await page.getByRole("navigation", { name: "Schreiben" }).getByRole("link", { name: "Antwort" }).click();
  await write(page, answer, "de", "inbox.reply.label");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("Nicht löten");
  await page.keyboard.press("Control+b");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Dateien anhängen" }).click();
  await (await chooser).setFiles([{ name: "anleitung.txt", mimeType: "text/plain", buffer: Buffer.from("Klappe auf.\n") }]);
  await expect(page.getByText("anleitung.txt hochgeladen")).toBeAttached();
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  const sent = messages(page).filter({ hasText: answer });
  await expect(sent.locator("strong")).toHaveText("Nicht löten");
  await expect(sent.getByRole("link", { name: /anleitung\.txt/ })).toBeVisible();
  await expect(events(page).last()).toContainText("Jonas Lehmann hat übernommen");

  // The mail.
  await expect.poll(() => mails(request, ticket, "customer", answer).then((all) => all.length)).toBe(1);
  const [told] = await mails(request, ticket, "customer", answer);
  expect(told!.subject).toBe(`[#${ticket.number}] ${ticket.subject}`);
  expect(told!.from).toMatch(/Jonas.* über Nordlicht Support/);
  expect(told!.from).not.toContain("Lehmann"); // as the portal shows its team
  expect(told!.text).toContain(say("de", "mail.answer", { author: "Jonas" }));
  expect(told!.text).toContain("> Nicht löten");
  expect(told!.text).toContain("anleitung.txt");
  expect(told!.html).toContain("<html lang=\"de\">");
  expect(told!.html).toContain("Nicht löten");
  expect(told!.headers).toContainEqual({ name: "Content-Language", value: "de" });
  for (const part of [told!.subject, told!.text, told!.html]) expect(part).not.toContain("Kulanz");
  const link = /^http\S+$/m.exec(told!.text)![0];
  expect(new URL(link).pathname).toBe(ticket.path);
  expect(told!.html).toContain(`href="${link}"`);

  // It leads through sign-in to the answer.
  await customer.goto(link);
  await expect(customer).toHaveURL(/\/support\/sign-in\?next=/);
  await signIn(customer, "customer");
  await expect(customer).toHaveURL(ticket.path);
  const read = messages(customer).filter({ hasText: answer });
  await expect(read).toContainText("Jonas");
  await expect(read.locator("strong")).toHaveText("Nicht löten");
  await expect(read.getByRole("link", { name: /anleitung\.txt/ })).toBeVisible();
  expect(await customer.content()).not.toMatch(/Kulanz|Interner Kommentar|hat übernommen/);
  await accessible(customer);

  // The reply goes to the owner, and to nobody else of the team.
  await write(customer, thanks);
  await customer.getByRole("button", { name: "Antwort senden" }).click();
  await expect(customer.getByText(say("de", "detail.sent"))).toBeVisible();
  await expect.poll(() => mails(request, ticket, "agent", thanks).then((all) => all.length)).toBe(1);
  const [back] = await mails(request, ticket, "agent", thanks);
  expect(back!.from).toContain("Anna Brandt über Nordlicht Support");
  expect(new URL(/^http\S+$/m.exec(back!.text)![0]).pathname).toBe(ticket.inbox);
  expect(await mails(request, ticket, "admin", thanks)).toEqual([]);
  expect(await mails(request, ticket, "customer", secret)).toEqual([]);

  await page.goto(/^http\S+$/m.exec(back!.text)![0]);
  await expect(messages(page).last()).toContainText(thanks);
  await theirs.close();
});

test("what the team says among itself leaves it nowhere", async ({ page, as, task, api, request }) => {
  const ticket = await task("second conversation");
  const mark = crypto.randomUUID().slice(0, 8);
  const word = { comment: `kommentar${mark}`, name: `Lieferant-${mark}`, thread: `zweite${mark}`, open: `offen${mark}` };

  await as("agent");
  await page.goto(`${ticket.inbox}?compose=comment`);
  await write(page, word.comment, "de", "inbox.comment.label");
  await page.getByRole("button", { name: "Kommentar speichern" }).click();
  await expect(page.getByText(say("de", "inbox.done.comment"))).toBeVisible();

  // The card says which conversation customers see, and why.
  const card = page.getByRole("region", { name: "Unterhaltungen" });
  await expect(card.getByRole("listitem")).toContainText([/Mit dem Kunden.*Für Kunden sichtbar/]);
  await expect(card.getByText("Kunden sehen nur die älteste Unterhaltung. Die anderen sieht nur Ihr Team.")).toBeVisible();
  await card.locator("summary", { hasText: "Weitere Unterhaltung" }).click();
  await card.getByRole("button", { name: "Unterhaltung beginnen" }).click();
  await expect(card.getByLabel("Name")).toHaveAccessibleDescription("Bitte geben Sie einen Namen ein.");
  await expect(card.getByLabel("Name")).toBeFocused();
  await card.getByLabel("Name").fill(word.name);
  await card.getByRole("button", { name: "Unterhaltung beginnen" }).click();
  await expect(page.getByText(say("de", "inbox.done.thread"))).toBeVisible();
  await expect(card.getByRole("listitem").filter({ hasText: word.name }).getByRole("link")).toHaveAttribute("aria-current", /.+/);
  await expect(card.getByRole("listitem").filter({ hasText: word.name })).not.toContainText("Für Kunden sichtbar");

  // What is written there has no way to the customer.
  await expect(page.getByRole("navigation", { name: "Schreiben" })).toHaveCount(0);
  await expect(page.getByText(say("de", "inbox.comment.note"))).toBeVisible();
  await write(page, word.thread, "de", "inbox.comment.label");
  await page.getByRole("button", { name: "Kommentar speichern" }).click();
  await expect(messages(page).last()).toContainText(word.thread);
  await accessible(page);
  await card.getByRole("link", { name: "Mit dem Kunden" }).click();
  await expect(messages(page).filter({ hasText: word.comment })).toHaveCount(1);
  await expect(messages(page).filter({ hasText: word.thread })).toHaveCount(0);

  await write(page, word.open, "de", "inbox.reply.label");
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  await expect.poll(() => mails(request, ticket, "customer", word.open).then((all) => all.length)).toBe(1);

  // Every exit that the customer has.
  const customer = await api("customer");
  const exits = new Map<string, string>();
  for (const path of [
    ticket.path,
    `/api/v1${ticket.path}`,
    `/api/v1${ticket.path}/activity`,
    "/support/tickets",
    "/api/v1/support/tickets?limit=100",
  ]) {
    const answer = await customer.get(path, { headers: { Accept: path.startsWith("/api") ? "application/json" : "text/html" } });
    expect(answer.status(), path).toBe(200);
    exits.set(path, await answer.text());
  }
  for (const mail of await mails(request, ticket, "customer", "")) exits.set(mail.subject, JSON.stringify(mail));
  expect(exits.get(ticket.path)).toContain(word.open);
  for (const [exit, content] of exits) {
    for (const hidden of [word.comment, word.name, word.thread]) expect(content, exit).not.toContain(hidden);
  }
});

test("a customer's message that arrives twice is told once", async ({ task, api, request }) => {
  const ticket = await task("told twice");
  const mark = crypto.randomUUID().slice(0, 8);
  const customer = await api("customer");
  const id = crypto.randomUUID().replaceAll("-", "").slice(0, 26);
  expect((await reply(customer, ticket.id, `Einmal ${mark}`, id)).status()).toBe(201);
  expect((await reply(customer, ticket.id, `Einmal ${mark}`, id)).status()).toBe(200);
  expect((await reply(customer, ticket.id, `Danach ${mark}`)).status()).toBe(201);
  // Mails of a ticket keep their order: once the later one is there, so is the first.
  await expect.poll(() => mails(request, ticket, "agent", `Danach ${mark}`).then((all) => all.length)).toBe(1);
  expect(await mails(request, ticket, "agent", `Einmal ${mark}`)).toHaveLength(1);
});
