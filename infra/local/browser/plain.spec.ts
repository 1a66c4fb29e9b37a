// The whole walk without script.
import { readFile } from "node:fs/promises";
import { expect, messages, signIn, test } from "./portal";

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
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("You're signed out.")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
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
