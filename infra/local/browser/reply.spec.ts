// Replying: formatted text, files, exactly once.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { accessible, box, expect, messages, png, reply, say, send, test, write } from "./portal";

/** Chooses files as a person does. */
async function choose(page: Page, files: { name: string; mimeType: string; buffer: Buffer }[]) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Dateien anhängen" }).click();
  await (await chooser).setFiles(files);
}

/** Drops files of the sizes given, made in the page: they need not travel. */
async function drop(page: Page, files: { name: string; type: string; bytes: number }[]) {
  await page.locator("[data-drop]").evaluate((at, files) => {
    const data = new DataTransfer();
    for (const file of files) data.items.add(new File([new Uint8Array(file.bytes)], file.name, { type: file.type }));
    for (const type of ["dragenter", "dragover", "drop"]) {
      at.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
  }, files);
}

const rows = (page: Page) => page.getByRole("list", { name: "Angehängte Dateien" }).last().getByRole("listitem");
const text = (name: string, content = name) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) });

test.beforeEach(async ({ as }) => as("manager"));

test("formats by the toolbar and by keyboard", async ({ page, ticket }) => {
  const { path } = await ticket("formatting");
  await page.goto(path);
  await write(page, "Das ist ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("wichtig");
  await page.keyboard.press("Control+b");
  await page.keyboard.type(" und ");
  const tools = page.getByRole("toolbar", { name: "Formatierung" });
  await tools.getByRole("button", { name: "Kursiv" }).click();
  await expect(tools.getByRole("button", { name: "Kursiv" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.type("eilig");
  await page.keyboard.press("Enter");
  await tools.getByRole("button", { name: "Nummerierte Liste" }).click();
  await page.keyboard.type("erstens");
  await page.keyboard.press("Enter");
  await page.keyboard.type("zweitens");
  await accessible(page);
  await send(page);

  const last = messages(page).last();
  await expect(last).toContainText("Miriam Vogt");
  await expect(last.locator("strong")).toHaveText("wichtig");
  await expect(last.locator("em").first()).toHaveText("eilig");
  await expect(last.locator("ol > li")).toHaveText(["erstens", "zweitens"]);
  await expect(box(page)).toHaveValue("");
});

test("several files go up with their progress; one is taken back", async ({ page, ticket }) => {
  const { path } = await ticket("files");
  await page.goto(path);
  // Held until the test has seen them under way.
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  await page.route(/127\.0\.0\.1/, async (route) => {
    if (route.request().method() === "POST") await held;
    await route.continue();
  });
  await choose(page, [text("protokoll.txt", "Zeile 1\n"), { name: "foto.png", mimeType: "image/png", buffer: png }, text("falsch.txt")]);
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByRole("progressbar", { name: "protokoll.txt" })).toBeVisible();
  go();
  await expect(page.getByRole("progressbar")).toHaveCount(0);
  await page.getByRole("button", { name: "falsch.txt entfernen" }).click();
  await expect(rows(page)).toHaveCount(2);
  await accessible(page);
  await choose(page, [text("noch eins.txt", "später")]);
  await expect(rows(page)).toHaveCount(3);
  await write(page, "Drei Dateien.");
  await send(page);

  const last = messages(page).last();
  await expect(last).toContainText("Drei Dateien.");
  await expect(last.getByRole("link", { name: "foto.png vergrößern" })).toBeVisible();
  await expect(last.getByRole("link", { name: "noch eins.txt" })).toBeVisible();
  await expect(last.getByText("falsch.txt")).toHaveCount(0);
  const download = page.waitForEvent("download");
  await last.getByRole("link", { name: "protokoll.txt" }).click();
  expect(await readFile(await (await download).path(), "utf8")).toBe("Zeile 1\n");
});

test("a pasted picture stands in the text, for others as well", async ({ page, ticket }) => {
  const { path } = await ticket("pasted image");
  await page.goto(path);
  await write(page, "So sieht es aus: ");
  await page.evaluate((encoded) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0))], "bildschirm.png", { type: "image/png" }));
    document.activeElement!.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, png.toString("base64"));
  await expect(box(page).getByRole("img", { name: "bildschirm.png" })).toBeVisible();
  await send(page);
  const image = messages(page).last().getByRole("img", { name: "bildschirm.png" });
  await expect(image).toBeVisible();
  expect(await image.evaluate((element: HTMLImageElement) => element.decode().then(() => element.naturalWidth))).toBe(1);
  await expect(messages(page).last().getByRole("list", { name: "Angehängte Dateien" })).toHaveCount(0);
});

test("dropped files are attached", async ({ page, ticket }) => {
  const { path } = await ticket("dropped files");
  await page.goto(path);
  await drop(page, [{ name: "abgelegt.txt", type: "text/plain", bytes: 12 }]);
  await expect(page.getByText("abgelegt.txt hochgeladen")).toBeAttached();
  await send(page);
  await expect(messages(page).last().getByRole("link", { name: "abgelegt.txt" })).toBeVisible();
});

test("files that cannot be sent say why", async ({ page, ticket }) => {
  const { path } = await ticket("refused files");
  await page.goto(path);
  await drop(page, [
    { name: "setup.EXE", type: "application/octet-stream", bytes: 10 },
    { name: "film.mp4", type: "video/mp4", bytes: 26 * 1024 * 1024 + 1 },
    { name: "leer.txt", type: "text/plain", bytes: 0 },
  ]);
  await expect(rows(page).nth(0)).toContainText("Dateien vom Typ .exe können nicht gesendet werden.");
  await expect(rows(page).nth(1)).toContainText("film.mp4 hat 27 MB. Dateien dürfen höchstens 26 MB haben.");
  await expect(rows(page).nth(2)).toContainText("leer.txt ist leer.");
  await accessible(page);
  await write(page, "Mit Anhang");
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Einige Dateien wurden nicht hochgeladen." })).toBeVisible();
  for (const name of ["setup.EXE", "film.mp4", "leer.txt"]) await page.getByRole("button", { name: `${name} entfernen` }).click();
  await expect(rows(page)).toHaveCount(0);

  await drop(page, Array.from({ length: 11 }, (_, i) => ({ name: `datei-${i + 1}.txt`, type: "text/plain", bytes: 4 })));
  await expect(page.getByText("Sie können höchstens 10 Dateien je Nachricht anhängen.")).toBeVisible();
  await expect(rows(page)).toHaveCount(10);
  await send(page);
  await expect(messages(page).last().getByRole("link", { name: /datei-\d+\.txt/ })).toHaveCount(10);
});

test.describe("when the network fails", () => {
  test.use({ expected: [/ERR_FAILED|ERR_INTERNET_DISCONNECTED/] });

  test("an upload that broke off can be tried again", async ({ page, ticket }) => {
    const { path } = await ticket("failed upload");
    await page.goto(path);
    let fail = true;
    await page.route(/127\.0\.0\.1/, (route) => (fail && route.request().method() === "POST" ? route.abort() : route.continue()));
    await choose(page, [text("bericht.txt", "Bericht")]);
    await expect(rows(page)).toContainText("Das Hochladen wurde unterbrochen.");
    await write(page, "Der Bericht.");
    await page.getByRole("button", { name: "Antwort senden" }).click();
    await expect(page.getByText("Einige Dateien wurden nicht hochgeladen.")).toBeVisible();
    const again = page.getByRole("button", { name: "Erneut versuchen: bericht.txt" });
    await expect(again).toBeFocused();
    await accessible(page);
    fail = false;
    await again.click();
    await expect(page.getByText("bericht.txt hochgeladen")).toBeAttached();
    await send(page);
    await expect(messages(page).last().getByRole("link", { name: "bericht.txt" })).toBeVisible();
  });
});

test("what is empty or too long is not sent, and says so", async ({ page, ticket }) => {
  test.slow(); // an editor with 66,000 characters
  const { path } = await ticket("too long");
  await page.goto(path);
  const before = await messages(page).count();
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Bitte schreiben Sie etwas" })).toBeVisible();
  await expect(page.getByRole("toolbar", { name: "Formatierung" })).toBeVisible(); // the editor took the field's place
  await expect(box(page)).toBeFocused();

  await box(page).fill("lang ".repeat(6100)); // over 30,000 characters, under 64 KB
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "höchstens 30.000 sind möglich" })).toBeVisible();
  await expect(box(page)).toContainText("lang lang lang");
  await box(page).fill("z".repeat(66_000));
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByText("Dieser Text ist zu lang.")).toBeVisible();
  await box(page).fill("Kurz");
  await send(page);
  await expect(messages(page)).toHaveCount(before + 1);
});

test("a double click sends one message", async ({ page, ticket }) => {
  const { path } = await ticket("double click");
  await page.goto(path);
  await write(page, "Nur einmal");
  await page.getByRole("button", { name: "Antwort senden" }).dblclick();
  await expect(page.getByText(say("de", "detail.sent"))).toBeVisible();
  await page.goto(path);
  await expect(messages(page).filter({ hasText: "Nur einmal" })).toHaveCount(1);
});

test("going back after sending does not offer the reply again", async ({ page, ticket }) => {
  const { path } = await ticket("sent, then back");
  await page.goto(path);
  await write(page, "Abgeschickt");
  await send(page);
  await page.goBack();
  await expect(messages(page).filter({ hasText: "Abgeschickt" })).toHaveCount(1);
  await expect(box(page)).toHaveValue("");
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Bitte schreiben Sie etwas" })).toBeVisible();
  await page.goto(path);
  await expect(messages(page).filter({ hasText: "Abgeschickt" })).toHaveCount(1);
});

test("a reply that was changed after it had been sent is clear about it, and nothing is lost", async ({ page, ticket, api }) => {
  const { id, path } = await ticket("changed after back");
  await page.goto(path);
  // The same reply arrived already, as the page cannot know.
  const client = await page.locator("input[name=id]").inputValue();
  expect((await reply(await api("manager"), id, "Erste Fassung", client)).status()).toBe(201);
  await write(page, "Zweite Fassung");
  await page.getByRole("button", { name: "Antwort senden" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Eine frühere Fassung dieser Antwort wurde schon gesendet." })).toBeVisible();
  await expect(messages(page).last()).toContainText("Erste Fassung");
  await expect(box(page)).toHaveText("Zweite Fassung");
  await accessible(page);
  await send(page);
  await expect(messages(page).filter({ hasText: /Erste Fassung|Zweite Fassung/ })).toHaveText([/Erste Fassung/, /Zweite Fassung/]);
});

test.describe("on a phone, in English and dark", () => {
  test.use({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "en-GB", colorScheme: "dark" });

  test("a reply with a photo", async ({ page, ticket }) => {
    const { path } = await ticket("phone");
    await page.goto(path);
    await box(page, "en").tap();
    await expect(page.getByRole("toolbar", { name: "Formatting" })).toBeVisible();
    await page.keyboard.type("Here is the photo.");
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Take photo" }).tap();
    await (await chooser).setFiles([{ name: "photo.png", mimeType: "image/png", buffer: png }]);
    await expect(page.getByText("photo.png uploaded")).toBeAttached();
    for (const target of await page.locator(".reply").getByRole("button").all()) {
      if (!(await target.isVisible())) continue;
      const { width, height } = (await target.boundingBox())!;
      expect(Math.min(width, height), await target.evaluate((element) => element.outerHTML)).toBeGreaterThanOrEqual(44);
    }
    await accessible(page);
    await page.getByRole("button", { name: "Send reply" }).tap();
    await expect(page.getByText("Reply sent.")).toBeVisible();
    await expect(messages(page).last().getByRole("link", { name: "Enlarge photo.png" })).toBeVisible();
  });
});
