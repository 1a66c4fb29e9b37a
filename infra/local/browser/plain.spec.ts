// The whole walk without script.
import { readFile } from "node:fs/promises";
import { events, expect, messages, reply, say, signIn, test } from "./portal";

test.use({ javaScriptEnabled: false, locale: "en-GB", viewport: { width: 360, height: 740 } });

test("signing in, finding, reading, replying, closing, and one's account", async ({ page }) => {
  await page.goto("/support");
  await signIn(page, "stranger", "en");
  await expect(page.getByRole("heading", { level: 1, name: "Tickets" })).toBeVisible();

  await page.locator("summary", { hasText: "View:" }).click();
  await page.getByRole("link", { name: "My organisation's tickets" }).click();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Next" }).click();
  await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Previous" })).toBeVisible();
  await page.getByRole("navigation", { name: "Status" }).getByRole("link", { name: "Open" }).click();
  await page.getByRole("link", { name: /Handheld W10 drops Bluetooth/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Handheld W10 drops Bluetooth/ })).toBeVisible();
  await page.locator("summary", { hasText: "Details" }).click();
  await expect(page.getByText("Nordlicht W10")).toBeVisible();

  // A reply with a file.
  await page.getByLabel("Your reply").fill("First line\nsecond line");
  await page.getByLabel("Attach files").setInputFiles([{ name: "log.txt", mimeType: "text/plain", buffer: Buffer.from("wake up\n") }]);
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByText("Reply sent.")).toBeVisible();
  const last = messages(page).last();
  await expect(last).toContainText("First line");
  const download = page.waitForEvent("download");
  await last.getByRole("link", { name: "log.txt" }).click();
  expect(await readFile(await (await download).path(), "utf8")).toBe("wake up\n");

  // What is wrong is said, with the text kept.
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByRole("alert")).toContainText("Write something or attach a file.");
  await page.getByLabel("Your reply").fill("With a program");
  await page.getByLabel("Attach files").setInputFiles([{ name: "setup.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ") }]);
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByRole("alert")).toContainText("Files of the type .exe can't be sent.");
  await expect(page.getByLabel("Your reply")).toHaveValue("With a program");

  await page.getByRole("button", { name: "Close ticket" }).click();
  await expect(page.getByText("Oliver Grant closed this")).toBeVisible();
  await page.getByRole("button", { name: "Reopen ticket" }).click();
  await expect(page.getByText("Oliver Grant reopened this")).toBeVisible();

  await page.locator("summary", { hasText: "Oliver Grant" }).click();
  await page.getByRole("link", { name: "My account" }).click();
  await page.getByLabel("Time zone").selectOption("Europe/Dublin");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Your changes are saved.")).toBeVisible();
  await expect(page.getByLabel("Time zone")).toHaveValue("Europe/Dublin");
  await page.getByLabel("Time zone").selectOption("Europe/London");
  await page.getByRole("button", { name: "Save changes" }).click();

  await page.locator("summary", { hasText: "Oliver Grant" }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByText("You're signed out.")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});

test("the team finds, discusses, answers and assigns", async ({ page, task, api }) => {
  const ticket = await task("inbox without script");
  const mark = crypto.randomUUID().slice(0, 8);
  await page.goto("/support/inbox?owner=unassigned");
  await signIn(page, "admin", "en");
  await expect(page).toHaveURL("/support/inbox?owner=unassigned");
  const main = page.getByRole("main");
  await main.getByRole("navigation", { name: "Owner" }).getByRole("link", { name: "All" }).click();
  await expect(page).toHaveURL("/support/inbox");
  const row = main.locator(`a.row-link[href^="${ticket.inbox}"]`);
  while ((await row.count()) === 0) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Next" }).click();
  }
  await row.click();
  await expect(page.getByRole("heading", { level: 1, name: ticket.subject })).toBeVisible();

  const ways = page.getByRole("navigation", { name: say("en", "inbox.compose.label") });
  await ways.getByRole("link", { name: say("en", "inbox.compose.comment") }).click();
  await expect(page.getByText(say("en", "inbox.comment.note"))).toBeVisible();
  await page.getByLabel(say("en", "inbox.comment.label")).fill(`Between us ${mark}`);
  await page.getByRole("button", { name: say("en", "inbox.comment.send") }).click();
  await expect(page.getByText(say("en", "inbox.done.comment"))).toBeVisible();
  await expect(messages(page).filter({ hasText: `Between us ${mark}` }).getByText("Internal comment")).toBeVisible();

  // An answer that crosses, and a file with it: browsers keep none for the second try.
  await ways.getByRole("link", { name: say("en", "inbox.compose.reply"), exact: true }).click();
  await page.getByLabel(say("en", "inbox.reply.label")).fill(`Please update ${mark}`);
  expect((await reply(await api("customer"), ticket.id, `Already done ${mark}`)).status()).toBe(201);
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByRole("alert").filter({ hasText: say("en", "inbox.error.crossed") })).toBeVisible();
  await expect(messages(page).last()).toContainText(`Already done ${mark}`);
  await expect(page.getByLabel(say("en", "inbox.reply.label"))).toHaveValue(`Please update ${mark}`);
  await page.getByLabel("Attach files").setInputFiles([{ name: "update.txt", mimeType: "text/plain", buffer: Buffer.from("4.3.1\n") }]);
  await page.getByRole("button", { name: say("en", "inbox.reply.anyway") }).dblclick();
  await expect(page.getByText(say("en", "inbox.done.reply"))).toBeVisible();
  const sent = messages(page).filter({ hasText: `Please update ${mark}` });
  await expect(sent).toHaveCount(1);
  await expect(sent.getByRole("link", { name: /update\.txt/ })).toBeVisible();

  // The cards are folded on a phone.
  await page.getByRole("link", { name: "Details", exact: true }).click();
  const details = page.getByRole("region", { name: "Details", exact: true });
  await details.locator("summary").click();
  await details.getByLabel("Owner").selectOption("Lea Hoffmann");
  await details.getByLabel("Priority").selectOption("Urgent");
  await details.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText(say("en", "inbox.done.saved"))).toBeVisible();
  await expect(events(page).last()).toContainText("Priority");

  const contacts = page.getByRole("region", { name: say("en", "inbox.contacts.title"), exact: true });
  await contacts.locator("summary").first().click();
  await contacts.locator("summary", { hasText: say("en", "inbox.contacts.add") }).click();
  await contacts.getByLabel(say("en", "inbox.contacts.email")).fill("nobody@nowhere.example");
  await contacts.getByRole("button", { name: say("en", "inbox.contacts.add") }).click();
  await expect(contacts.getByLabel(say("en", "inbox.contacts.email"))).toHaveAccessibleDescription(say("en", "inbox.error.noContact"));

  await page.getByRole("main").getByRole("link", { name: "Inbox" }).click();
  await expect(row).toBeVisible();
});

test("a double click sends one message", async ({ page, ticket, as }) => {
  const { path } = await ticket("sent twice without script");
  await as("manager");
  await page.goto(path);
  await page.getByLabel("Your reply").fill("Twice the same");
  await page.getByRole("button", { name: "Send reply" }).dblclick();
  await expect(page.getByText("Reply sent.")).toBeVisible();
  await page.goto(path);
  await expect(messages(page).filter({ hasText: "Twice the same" })).toHaveCount(1);
});

test("a reply sent after the session ended waits on the page", async ({ page, context, as, ticket }) => {
  const { path } = await ticket("expired session without script");
  await as("manager");
  await page.goto(path);
  await page.getByLabel("Your reply").fill("Plain, and kept");
  await context.clearCookies();
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Please sign in" })).toBeVisible();
  await expect(page.getByLabel("Your text")).toHaveValue("Plain, and kept");
  await as("manager");
  await page.getByRole("button", { name: "Send again" }).click();
  await expect(page.getByText("Reply sent.")).toBeVisible();
  await expect(messages(page).filter({ hasText: "Plain, and kept" })).toHaveCount(1);
});
