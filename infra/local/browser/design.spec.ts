// How a portal looks: what an admin chooses, seen at once in the preview, and on every
// page once it is saved.
import { deflateSync } from "node:zlib";
import type { FrameLocator, Page } from "@playwright/test";
import { accessible, expect, say, test, type Language } from "./portal";

const path = "/support/settings/design";

function preview(page: Page, language: Language = "de"): FrameLocator {
  return page.frameLocator(`iframe[title="${say(language, "design.preview.frame")}"]`);
}

/** What the preview's element looks like as it is drawn; "" while another page takes its place. */
async function drawn(page: Page, selector: string, property: "backgroundColor" | "fontFamily"): Promise<string> {
  return preview(page)
    .locator(selector)
    .evaluate((e, property) => getComputedStyle(e)[property], property)
    .catch(() => "");
}

/** The colour of the preview's header. */
const header = (page: Page): Promise<string> => drawn(page, "header.top", "backgroundColor");

/** A picture of the size, of one colour. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x8a)]);
  const rows = Buffer.concat(Array.from({ length: height }, () => row));
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function crc(data: Buffer): number {
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

for (const { name, use, language } of [
  { name: "wide, light, German", language: "de", use: { locale: "de-DE" } },
  { name: "wide, dark, English", language: "en", use: { locale: "en-GB", colorScheme: "dark" } },
  { name: "phone, light, English", language: "en", use: { locale: "en-GB", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } },
  { name: "phone, dark, German", language: "de", use: { locale: "de-DE", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: "dark" } },
] as const) {
  test.describe(name, () => {
    test.use(use);

    test("the page is accessible and fits", async ({ page, as }) => {
      await as("admin");
      await page.goto(path);
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await page.getByLabel(say(language, "design.accent")).fill("#FFD400");
      await page.getByRole("button", { name: say(language, "design.links.add") }).first().click();
      await expect(page.getByLabel(say(language, "design.link.url"))).toBeVisible();
      await expect(preview(page, language).locator("header.band")).toBeVisible();
      // In the preview nothing runs, axe no more than anything else; and nobody but the
      // eye can enter it. Its pages are tried as themselves.
      await page.locator("#design-preview").evaluate((frame) => frame.remove());
      await accessible(page);
    });
  });
}

test("the preview follows what is typed, page by page, in both themes", async ({ page, as }) => {
  await as("admin");
  const sent: string[] = [];
  page.on("request", (request) => request.method() !== "GET" && sent.push(request.url()));
  await page.goto(path);
  const seen = preview(page);
  await expect(seen.getByRole("heading", { level: 1, name: say("de", "list.title"), includeHidden: true })).toBeVisible();
  await expect(seen.locator("header.band")).toHaveCount(0);

  const accent = page.getByLabel(say("de", "design.accent"));
  await accent.pressSequentially("#b4235a");
  await expect.poll(() => header(page)).toBe("rgb(180, 35, 90)");
  await accent.fill("#b423"); // not a colour yet
  await expect.poll(() => header(page)).toBe("rgb(180, 35, 90)");
  await accent.fill("FFD400");
  await expect.poll(() => header(page)).toBe("rgb(255, 212, 0)");
  await expect(page.getByLabel(say("de", "design.accent.pick"))).toHaveValue("#ffd400");
  await page.getByLabel(say("de", "design.accent.pick")).fill("#0a6b5a");
  await expect(accent).toHaveValue("#0A6B5A");
  await expect.poll(() => header(page)).toBe("rgb(10, 107, 90)");

  await page.getByRole("button", { name: say("de", "design.preview.form"), exact: true }).click();
  await expect(seen.getByRole("heading", { level: 1, name: "Wie können wir helfen?", includeHidden: true })).toBeVisible();
  await page.getByRole("button", { name: say("de", "design.preview.dark"), exact: true }).click();
  await expect(seen.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("button", { name: say("de", "design.preview.detail"), exact: true }).click();
  await expect(seen.locator(".message").first()).toContainText(say("de", "design.sample.message1"));
  await expect(seen.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("button", { name: say("de", "design.preview.detail"), exact: true })).toHaveAttribute("aria-pressed", "true");

  await page.getByLabel(say("de", "design.font"), { exact: true }).selectOption("serif");
  await expect.poll(() => drawn(page, "body", "fontFamily")).toContain("Charter");
  await page.getByLabel(say("de", "design.buttons.outline")).check();
  await expect.poll(() => drawn(page, ".button.primary", "backgroundColor")).toBe("rgb(26, 32, 40)");

  // Whatever is changed on the server's side, the chosen page stays. Nothing was saved.
  await page.getByRole("button", { name: say("de", "design.links.add") }).first().click();
  await page.getByLabel(say("de", "design.link.label") + " (Deutsch)").fill("Zum Shop");
  await expect(seen.locator("header .out")).toHaveText("Zum Shop");
  await expect(seen.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("button", { name: say("de", "design.preview.detail"), exact: true })).toHaveAttribute("aria-pressed", "true");
  expect(sent.every((url) => new URL(url).pathname === path)).toBe(true);
  await page.goto(path).catch(() => undefined);
});

test("the preview is only to be looked at", async ({ page, as }) => {
  await as("admin");
  await page.goto(path);
  const shown = await page.locator("#design-preview").getAttribute("src");
  // Opened as a page of its own it does no more.
  await page.goto(shown!);
  const before = page.url();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.mouse.click(200, 100);
  await page.locator("header a.brand").click({ force: true, timeout: 1_000 }).catch(() => undefined);
  expect(page.url()).toBe(before);
  expect(await page.evaluate(() => document.body.inert)).toBe(true);
});

test("a logo is shown as soon as it is chosen, refused where it is none, and saved with all else", async ({ browser, session }) => {
  test.setTimeout(120_000);
  const context = await browser.newContext({ locale: "de-DE", baseURL: process.env["POSTERN_URL"]! });
  await context.addCookies(await session("admin", "bestellungen"));
  const page = await context.newPage();
  const design = "/bestellungen/settings/design";
  await page.goto(design);
  const version = await page.locator('input[name="_version"]').inputValue();
  const logo = page.getByRole("group", { name: say("de", "design.logo"), exact: false }).first();
  const file = logo.locator('input[type="file"]');
  const sample = await logo.locator("img").getAttribute("src");

  // 50 MB are not even sent.
  let posts = 0;
  page.on("request", (request) => request.method() === "POST" && posts++);
  await file.setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: Buffer.alloc(50_000_000) });
  await expect(logo.getByRole("alert")).toHaveText(say("de", "design.error.imageBytes", { size: "50 MB", max: "200 KB" }));
  expect(posts).toBe(0);
  await file.setInputFiles({ name: "logo.svg", mimeType: "image/svg+xml", buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>') });
  await expect(logo.locator("#logo-error")).toHaveText(say("de", "design.error.svgPart", { part: "<script>" }));
  await file.setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: png(5000, 1) });
  await expect(logo.locator("#logo-error")).toContainText("5.000 × 1");
  await expect(logo.locator("img")).toHaveAttribute("src", sample!);

  await file.setInputFiles({ name: "whatever.txt", mimeType: "text/plain", buffer: png(64, 32) });
  await expect(logo.locator("img")).not.toHaveAttribute("src", sample!);
  const own = await logo.locator("img").getAttribute("src");
  expect(await logo.locator("img").evaluate((e: HTMLImageElement) => e.naturalWidth)).toBe(64);
  await page.getByRole("group", { name: say("de", "design.logoDark") }).getByRole("button", { name: say("de", "design.image.remove") }).click();
  await expect(preview(page).locator("header .brand img.plate")).toHaveAttribute("src", own!);

  await page.getByRole("button", { name: say("de", "button.save") }).click();
  await page.waitForURL(/\?saved$/);
  await page.goto("/bestellungen/tickets");
  await expect(page.locator("header.band .brand img.plate")).toHaveAttribute("src", own!);
  const visitor = await browser.newContext({ locale: "de-DE", baseURL: process.env["POSTERN_URL"]! });
  const entrance = await visitor.newPage();
  await entrance.goto("/bestellungen/sign-in");
  // Others than who has saved it see it within half a minute.
  await expect(async () => {
    await entrance.reload();
    await expect(entrance.locator("header .brand img")).toHaveAttribute("src", own!, { timeout: 1_000 });
  }).toPass({ timeout: 60_000 });
  await visitor.close();

  // And as it was before.
  await page.goto(`${design}?version=${version}`);
  await page.getByRole("button", { name: say("de", "button.save") }).click();
  await page.waitForURL(/\?saved$/);
  await expect(page.locator("header.band .brand img")).not.toHaveAttribute("src", own!);
  await context.close();
});

test("links are put in order by keyboard", async ({ page, as }) => {
  await as("admin");
  await page.goto(path);
  const list = page.getByRole("group", { name: say("de", "design.footerLinks") });
  for (const [i, name] of ["Eins", "Zwei"].entries()) {
    await list.getByRole("button", { name: say("de", "design.links.add") }).press("Enter");
    const row = list.locator("li").nth(i);
    await row.getByLabel(say("de", "design.link.label") + " (Deutsch)").fill(name);
    await row.getByLabel(say("de", "design.link.url")).fill(`https://nordlicht.example/${name}`);
  }
  await expect(preview(page).locator("footer")).toContainText("Eins Zwei");
  await list.locator("li").last().getByRole("button", { name: say("de", "rows.up") }).press("Enter");
  await expect(list.locator("li").first().getByLabel(say("de", "design.link.label") + " (Deutsch)")).toHaveValue("Zwei");
  await expect(preview(page).locator("footer")).toContainText("Zwei Eins");
});

test("without script, buttons show the preview and everything else", async ({ browser, session }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "de-DE", baseURL: process.env["POSTERN_URL"]! });
  await context.addCookies(await session("admin"));
  const page = await context.newPage();
  await page.goto(path);
  await page.getByLabel(say("de", "design.accent"), { exact: false }).first().fill("#FFD400");
  await page.getByRole("button", { name: say("de", "design.preview.show") }).click();
  await expect(preview(page).locator("header.band")).toBeVisible();
  await page.getByRole("button", { name: say("de", "design.preview.form"), exact: true }).click();
  await expect(preview(page).locator("h1")).toHaveText("Wie können wir helfen?");
  await expect(page.getByRole("textbox", { name: say("de", "design.accent") })).toHaveValue("#FFD400");
  await page.getByRole("group", { name: say("de", "design.favicon") }).locator('input[type="file"]').setInputFiles({ name: "a.png", mimeType: "image/png", buffer: png(32, 32) });
  await page.getByRole("button", { name: `${say("de", "design.image.upload")}: ${say("de", "design.favicon")}` }).click();
  await expect(page.getByRole("group", { name: say("de", "design.favicon") }).locator("img")).toBeVisible();
  await expect(preview(page).locator("h1")).toHaveText("Wie können wir helfen?");
  await context.close();
});

for (const [name, query] of [
  ["a yellow brand with a logo and links", "theme=light&lang=de&accent=ffd400&logo=light&links=yes&font=serif&radius=none&buttons=outline"],
  ["a pink brand with both logos, dark", "theme=dark&lang=en&accent=b4235a&logo=both&links=yes&font=rounded&radius=large&buttons=soft"],
  ["no brand with a logo, dark", "theme=dark&lang=de&logo=light&links=yes&buttons=outline"],
  ["a white brand", "theme=light&lang=en&accent=ffffff&logo=light&buttons=soft"],
] as const) {
  for (const width of [360, 1280]) {
    for (const sample of ["", "list", "detail", "card", "split", "plain", "framed", "thread"]) {
      test(`${sample || "components"}: ${name}, ${width} px, is accessible and fits`, async ({ page }) => {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`/_local/ui?${query}&page=${sample}`);
        await accessible(page);
      });
    }
  }
}
