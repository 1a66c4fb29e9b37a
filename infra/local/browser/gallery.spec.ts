// The components at /_local/ui: accessible in every theme, language and width,
// and a reply box that keeps its promises. The endpoints behind the box are
// played here; the portal's own are tested with its pages.
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page, type Request, type Route } from "@playwright/test";

const gallery = "/_local/ui";

async function accessible(page: Page) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide, "the page scrolls sideways").toBeLessThanOrEqual(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join("\n")}`)).toEqual([]);
}

for (const [name, query, pages] of [
  ["light", "theme=light&lang=de", ["", "list", "detail", "empty", "card", "split", "plain", "preview", "framed", "error"]],
  ["dark", "theme=dark&lang=en", ["", "list", "detail", "empty", "card", "split", "plain", "preview", "framed", "error"]],
  ["a yellow brand", "theme=light&lang=en&accent=ffd400", ["", "split"]],
  ["a black brand, dark", "theme=dark&lang=de&accent=000000", ["", "split"]],
  ["a white brand", "theme=light&lang=en&accent=ffffff", ["preview"]],
] as const) {
  for (const width of [360, 1280]) {
    for (const sample of pages) {
      test(`${sample || "components"}: ${name}, ${width} px, is accessible and fits`, async ({ page }) => {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${gallery}?${query}&page=${sample}`);
        await accessible(page);
      });
    }
  }
}

test("the reply box in use is accessible and fits", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await detail(page, { query: "&theme=dark" });
  await write(page, "Hello");
  await paste(page, { image: true });
  await page.locator("#reply-files").setInputFiles([
    { name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("a") },
    { name: "bad.exe", mimeType: "application/octet-stream", buffer: Buffer.from("b") },
  ]);
  await page.getByRole("button", { name: "Link", exact: true }).click();
  await expect(page.getByLabel("Web address")).toBeFocused();
  await expect(page.locator(".file-row.done")).toHaveCount(2);
  await accessible(page);
});

test("the policy refuses nothing that the pages do", async ({ page }) => {
  const refused: string[] = [];
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) refused.push(message.text());
  });
  await detail(page);
  await write(page, "Hello");
  await paste(page, { image: true });
  await expect(page.locator('.ProseMirror img[src^="blob:"]')).toBeVisible();
  await page.getByRole("link", { name: "Enlarge delivery-note.png" }).click();
  await expect(page.getByRole("dialog", { name: "Image" })).toBeVisible();
  expect(refused).toEqual([]);
});

test("menus and dialogs work by keyboard", async ({ page }) => {
  await page.goto(`${gallery}?page=detail&lang=en`);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  const account = page.locator("summary", { hasText: "Klara Nordwind" });
  await account.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "My account" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Sign out" })).toBeHidden();
  await expect(account).toBeFocused();

  await page.getByRole("button", { name: "Close ticket" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Close this ticket?" });
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Close ticket" })).toBeFocused();
});

test("a row is one link, and its whole width can be clicked", async ({ page }) => {
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${gallery}?page=list&lang=en`);
    const row = page.getByRole("row", { name: /Export stops/ });
    await expect(row.getByRole("link")).toHaveCount(1);
    await expect(page.getByRole("link", { name: "New: Invoice 2026-1148" })).toBeVisible();
    const badge = (await row.getByText("Open").boundingBox())!; // under the link, which covers the row
    await page.mouse.click(badge.x + badge.width / 2, badge.y + badge.height / 2);
    await expect(page).toHaveURL(/page=detail/);
  }
});

// ---- The reply box

/** A page of the ticket with the endpoints behind it; what is sent is kept. */
async function detail(page: Page, options: { query?: string; upload?: (route: Route, n: number) => Promise<void> } = {}) {
  const seen = { replies: [] as Map<string, string[]>[], grants: 0, activity: 0 };
  await page.route("**/_local/ui/attachments", async (route) => {
    const n = ++seen.grants;
    if (options.upload) {
      await options.upload(route, n);
      return;
    }
    await route.fulfill({ status: 201, json: { id: `attachment${n}`, upload: { url: `${gallery}/bucket`, fields: { key: `incoming/${n}` } } } });
  });
  await page.route("**/_local/ui/bucket", (route) => route.fulfill({ status: 204 }));
  await page.route("**/_local/ui/activity", (route) => {
    seen.activity++;
    return route.fulfill({ json: { last_activity_at: "2026-11-22T14:05:00Z", last_message: "m4" } });
  });
  await page.route(
    (url) => url.pathname === gallery,
    async (route) => {
      if (route.request().method() !== "POST") return route.fallback();
      seen.replies.push(parts(route.request()));
      // Stored; back to the ticket, as the portal does it.
      const id = seen.replies.at(-1)!.get("id")![0]!;
      return route.fulfill({ status: 303, headers: { Location: `${gallery}?page=detail&lang=en&sent=${id}#latest` } });
    },
  );
  await page.goto(`${gallery}?page=detail&lang=en${options.query ?? ""}`);
  return seen;
}

/** The fields of a multipart body; of files, the name. */
function parts(request: Request): Map<string, string[]> {
  const boundary = /boundary=(.*)$/.exec(request.headers()["content-type"] ?? "")?.[1] ?? "";
  const out = new Map<string, string[]>();
  for (const part of (request.postDataBuffer() ?? Buffer.alloc(0)).toString("utf8").split("--" + boundary)) {
    const match = /name="([^"]*)"(?:; filename="([^"]*)")?[^]*?\r\n\r\n([^]*)\r\n$/.exec(part);
    if (match) out.set(match[1]!, [...(out.get(match[1]!) ?? []), match[2] ?? match[3]!]);
  }
  return out;
}

const box = (page: Page) => page.getByRole("textbox", { name: "Your reply" });

async function write(page: Page, text: string) {
  await box(page).click();
  await expect(page.locator(".ProseMirror")).toBeFocused();
  await page.keyboard.type(text);
}

/** Pastes into what has the focus, as a browser does. */
async function paste(page: Page, what: { text?: string; html?: string; image?: boolean }) {
  await page.evaluate((what) => {
    const data = new DataTransfer();
    if (what.text) data.setData("text/plain", what.text);
    if (what.html) data.setData("text/html", what.html);
    if (what.image) {
      const png = Uint8Array.from(
        atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
        (c) => c.charCodeAt(0),
      );
      data.items.add(new File([png], "screenshot.png", { type: "image/png" }));
    }
    document.activeElement!.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, what);
}

test("formats by the toolbar and by keyboard, and sends HTML and text", async ({ page }) => {
  const seen = await detail(page);
  await write(page, "Hello ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("bold");
  await page.keyboard.press("Control+b");
  await page.keyboard.press("Enter");
  await page.keyboard.type("- one");
  await page.keyboard.press("Enter");
  await page.keyboard.type("two");

  // The toolbar is one stop; arrows move in it; Escape leads back to the text.
  await page.keyboard.press("Tab");
  const toolbar = page.getByRole("toolbar", { name: "Formatting" });
  await expect(toolbar.getByRole("button", { name: "Bold" })).toBeFocused();
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  const bullets = toolbar.getByRole("button", { name: "Bulleted list" });
  await expect(bullets).toBeFocused();
  await expect(bullets).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("Escape");
  await expect(page.locator(".ProseMirror")).toBeFocused();

  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter"); // out of the list
  await page.keyboard.type("See ");
  await page.keyboard.press("Control+k");
  await page.getByLabel("Web address").fill("example.com/path");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies).toHaveLength(1);
  expect(seen.replies[0]!.get("html")).toEqual([
    '<p>Hello <strong>bold</strong></p><ul><li><p>one</p></li><li><p>two</p></li></ul><p>See <a href="https://example.com/path">https://example.com/path</a></p>',
  ]);
  expect(seen.replies[0]!.get("text")![0]!.replaceAll("\r\n", "\n")).toBe("Hello bold\n\none\n\ntwo\n\nSee https://example.com/path");
  expect(seen.replies[0]!.get("id")![0]).toMatch(/^[a-z0-9]{26}$/);
});

test("pasted pages bring their structure, not their scripts, styles or images", async ({ page }) => {
  const seen = await detail(page);
  await write(page, "");
  await paste(page, {
    text: "x",
    html: `<h2 style="color:red">Title</h2><p onclick="alert(1)">Text <a href="javascript:alert(1)">bad</a> <a href="https://example.com/">good</a><img src="https://example.com/spy.png"></p><script>alert(1)</script>`,
  });
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies[0]!.get("html")).toEqual(['<p>Title</p><p>Text bad <a href="https://example.com/">good</a></p>']);
});

test("uploads several files with their rows, removes one, sends the others' ids", async ({ page }) => {
  const seen = await detail(page);
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach files" }).click();
  await (await chooser).setFiles([
    { name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("a") },
    { name: "b.pdf", mimeType: "application/pdf", buffer: Buffer.from("b") },
    { name: "bad.exe", mimeType: "application/octet-stream", buffer: Buffer.from("c") },
  ]);
  const rows = page.getByRole("list", { name: "Attached files" }).last().getByRole("listitem");
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(2)).toContainText("Files of the type .exe can't be sent.");
  await expect.poll(() => seen.grants).toBe(2);
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByText("Some files weren't uploaded.")).toBeVisible();
  await page.getByRole("button", { name: "Remove bad.exe" }).click();
  await page.getByRole("button", { name: "Remove a.pdf" }).click();
  await expect(page.getByRole("button", { name: "Remove b.pdf" })).toBeFocused();
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies[0]!.get("attachments")).toEqual(["attachment2"]);
  expect(seen.replies[0]!.has("files")).toBe(false);
});

test("an upload that fails says why and can be tried again", async ({ page }) => {
  const seen = await detail(page, {
    upload: (route, n) =>
      n === 1
        ? route.fulfill({ status: 503, contentType: "application/problem+json", json: { title: "Unavailable", detail: "Try again in a minute." } })
        : route.fulfill({ status: 201, json: { id: "again", upload: { url: `${gallery}/bucket`, fields: {} } } }),
  });
  await page.locator("#reply-files").setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("a") });
  await expect(page.locator(".file-row")).toContainText("Try again in a minute.");
  await page.getByRole("button", { name: "Try again: a.pdf" }).click();
  await expect(page.locator(".file-row.done")).toHaveCount(1);
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies[0]!.get("attachments")).toEqual(["again"]);
});

test("sending waits for an upload that is under way", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const seen = await detail(page, {
    upload: async (route) => {
      await held;
      await route.fulfill({ status: 201, json: { id: "late", upload: { url: `${gallery}/bucket`, fields: {} } } });
    },
  });
  await page.locator("#reply-files").setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("a") });
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByText("as soon as the files are uploaded")).toBeVisible();
  expect(seen.replies).toHaveLength(0);
  release();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies[0]!.get("attachments")).toEqual(["late"]);
});

test("a pasted image stands in the text and goes out by its attachment", async ({ page }) => {
  const seen = await detail(page);
  await write(page, "Look: ");
  await paste(page, { image: true });
  await expect(page.locator('.ProseMirror img[src^="blob:"]')).toBeVisible();
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies[0]!.get("html")).toEqual(['<p>Look: <img src="cid:attachment1" alt="screenshot.png"></p>']);
  expect(seen.replies[0]!.get("attachments")).toEqual(["attachment1"]);
});

test("dropped files are attached, and a file beside the box does not replace the page", async ({ page }) => {
  await detail(page);
  await write(page, "Text");
  for (const target of [".reply-box", ".ProseMirror", "h1"]) {
    await page.evaluate((target) => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "dropped.txt", { type: "text/plain" }));
      const at = document.querySelector(target)!;
      for (const type of ["dragenter", "dragover", "drop"]) {
        at.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    }, target);
  }
  await expect(page.locator(".file-row.done")).toHaveCount(2);
  await expect(page.locator(".dropping")).toHaveCount(0);
  await expect(page.locator(".ProseMirror")).toHaveText("Text");
});

test("an empty reply is not sent", async ({ page }) => {
  const seen = await detail(page);
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page.getByText("Write something or attach a file first.")).toBeVisible();
  await expect(box(page)).toBeFocused();
  expect(seen.replies).toHaveLength(0);
});

test("a double click sends once", async ({ page }) => {
  const seen = await detail(page);
  await write(page, "Once");
  await page.getByRole("button", { name: "Send reply" }).dblclick();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies).toHaveLength(1);
});

/** What the browser keeps of drafts. */
const stored = (page: Page) =>
  page.evaluate(() => Object.entries(localStorage).filter(([name]) => name.startsWith("postern-draft:")) as [string, string][]);

test("a draft survives a reload, files included, and is gone once sent", async ({ page }) => {
  const seen = await detail(page);
  const id = await page.locator("input[name=id]").inputValue();
  await write(page, "Half a thought");
  await page.locator("#reply-files").setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("a") });
  await expect(page.locator(".file-row.done")).toHaveCount(1);
  await expect.poll(async () => (await stored(page)).length).toBe(1);
  expect(JSON.stringify(await stored(page))).not.toContain("thought");

  await page.reload();
  await expect(page.getByText("Draft restored.")).toBeVisible();
  await expect(page.locator(".ProseMirror")).toHaveText("Half a thought");
  await expect(page.locator(".file-row.done")).toHaveCount(1);
  expect(await page.locator("input[name=id]").inputValue()).toBe(id);
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies[0]!.get("id")).toEqual([id]);
  expect(seen.replies[0]!.get("attachments")).toEqual(["attachment1"]);
  await expect.poll(async () => (await stored(page)).length).toBe(0);
  await expect(page.getByText("Draft restored.")).toBeHidden();
});

test("a draft can be discarded", async ({ page }) => {
  await detail(page);
  await write(page, "Never mind");
  await expect.poll(async () => (await stored(page)).length).toBe(1);
  await page.reload();
  await page.getByRole("button", { name: "Discard draft" }).click();
  await expect(page.locator(".ProseMirror")).toHaveText("");
  expect(await stored(page)).toEqual([]);
});

test("the next person's page deletes the drafts of the last one, in this portal only", async ({ page }) => {
  await detail(page);
  await write(page, "Private");
  await expect.poll(async () => (await stored(page)).length).toBe(1);
  await page.evaluate(() => {
    const [name, value] = Object.entries(localStorage).find(([name]) => name.startsWith("postern-draft:gallery/"))!;
    localStorage.setItem("postern-draft:elsewhere/ticket", value as string);
    localStorage.setItem(name.replace(/\/.*$/, "/another-ticket"), value as string);
  });
  // The same page as another contact gets it: another key.
  await page.route(
    (url) => url.pathname === gallery,
    async (route) => {
      const answer = await route.fetch();
      const other = Buffer.alloc(32, 9).toString("base64");
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/data-draft-key="[^"]*"/, `data-draft-key="${other}"`) });
    },
  );
  await page.reload();
  await expect.poll(async () => (await stored(page)).map(([name]) => name)).toEqual(["postern-draft:elsewhere/ticket"]);
  await expect(page.getByText("Draft restored.")).toBeHidden();
  await expect(page.locator("#reply-text")).toHaveValue("");
});

test("Back after sending does not offer the reply again", async ({ page }) => {
  const seen = await detail(page);
  await write(page, "Sent");
  await page.getByRole("button", { name: "Send reply" }).click();
  await page.waitForURL(/sent=/); // until its script has run
  await page.goBack();
  await expect(page.locator("#reply-text")).toHaveValue("");
  await expect(page.locator(".ProseMirror:not(:empty)")).toHaveCount(0);
  expect(seen.replies).toHaveLength(1);
});

test("a changed reply is another one, an unchanged one is the same", async ({ page }) => {
  const seen = await detail(page);
  // The first two attempts do not arrive.
  let lost = 2;
  await page.route(
    (url) => url.pathname === gallery,
    async (route) => {
      if (route.request().method() !== "POST") return route.fallback();
      seen.replies.push(parts(route.request()));
      if (lost-- > 0) return route.fulfill({ status: 204 }); // the page stays as it is
      return route.fulfill({ status: 200, body: "done" });
    },
  );
  await write(page, "First");
  const send = page.getByRole("button", { name: /Send/ });
  await send.click();
  await expect.poll(() => seen.replies.length).toBe(1);
  // The draft knows what went out under its id.
  await page.reload();
  await expect(page.locator(".ProseMirror")).toHaveText("First");
  await send.click();
  await expect.poll(() => seen.replies.length).toBe(2);
  await page.reload();
  await page.locator(".ProseMirror").click();
  await page.keyboard.type("!");
  await send.click();
  await expect.poll(() => seen.replies.length).toBe(3);
  const ids = seen.replies.map((reply) => reply.get("id")![0]);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[2]).not.toBe(ids[0]);
  expect(ids[2]).toMatch(/^[a-z0-9]{26}$/);
});

test("news is offered, not forced, and showing it keeps the text", async ({ page }) => {
  await page.clock.install();
  await detail(page);
  let last = "m4";
  await page.route("**/_local/ui/activity", (route) => route.fulfill({ json: { last_activity_at: "2026-11-22T14:06:00Z", last_message: last } }));
  await write(page, "While you wait");
  const asked = page.waitForResponse("**/_local/ui/activity");
  await page.clock.runFor(21_000);
  await asked;
  await expect(page.getByText("New answer.")).toHaveCount(0);
  last = "m5";
  await expect(async () => {
    await page.clock.runFor(21_000); // the answer before it may be under way still
    await expect(page.getByText("New answer.")).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(page.locator(".ProseMirror")).toHaveText("While you wait");
  await page.getByRole("link", { name: "Show", exact: true }).click();
  await expect(page).toHaveURL(/#latest$/);
  await page.clock.runFor(1000);
  await expect(page.locator(".ProseMirror")).toHaveText("While you wait");
});

test("an ended session says so and keeps the text", async ({ page }) => {
  await page.clock.install();
  await detail(page);
  let asked = 0;
  await page.route("**/_local/ui/activity", (route) => {
    asked++;
    return route.fulfill({ status: 401, json: {} });
  });
  await write(page, "Still here");
  await page.clock.runFor(21_000);
  await expect(page.getByText("You've been signed out.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Sign in again" })).toBeVisible();
  await expect(page.locator(".ProseMirror")).toHaveText("Still here");
  await page.clock.runFor(120_000);
  expect(asked).toBe(1);
});

test("without script the box is a plain form", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const seen = await detail(page);
  await page.getByLabel("Your reply").fill("Plain\ntext");
  await page.getByLabel("Attach files").setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("a") });
  await page.getByRole("button", { name: "Send reply" }).click();
  await expect(page).toHaveURL(/sent=/);
  expect(seen.replies[0]!.get("text")).toEqual(["Plain\r\ntext"]);
  expect(seen.replies[0]!.get("html")).toEqual([""]);
  expect(seen.replies[0]!.get("files")).toEqual(["a.pdf"]);
  // Menus and the fold of the properties are the browser's own.
  await page.locator("summary", { hasText: "Klara Nordwind" }).click();
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await context.close();
});
