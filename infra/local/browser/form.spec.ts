// Forms: from "Submit ticket" to the ticket, once; what is asked, with and without
// script; and a form on somebody else's website.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { APIRequestContext, Page } from "@playwright/test";
import { asks, stored, type Field } from "../../../shared/ui/browser/conditions.ts";
import { accessible, drafts, emails, expect, messages, say, signIn, test, type Account, type Language, type Mail } from "./portal";

const form = "/support/forms/contact";
const website = "https://www.nordlicht.example"; // that may frame the sample's forms

const subject = (what: string) => `${what} ${crypto.randomUUID().slice(0, 8)}`;
const main = (page: Page) => page.getByRole("main");
const field = (page: Page, name: string) => page.locator(`[data-field="${name}"]`);
const sendButton = (page: Page, language: Language = "de") => page.getByRole("button", { name: say(language, "form.page.send") });
const sent = (page: Page, language: Language = "de") => page.getByRole("heading", { level: 1, name: say(language, "form.sent.title") });
const note = (page: Page) => page.getByText(say("de", "reply.draft"), { exact: true });

/** The contact's tickets with the subject. */
async function tickets(api: APIRequestContext, subject: string): Promise<{ id: string; number: number }[]> {
  const answer = await api.get("/api/v1/support/tickets", { params: { sort: "-created", limit: 100 } });
  expect(answer.status()).toBe(200);
  const { tickets } = (await answer.json()) as { tickets: { id: string; number: number; subject: string }[] };
  return tickets.filter((t) => t.subject === subject);
}

/** Fills in a question. */
async function ask(page: Page, about: string, language: Language = "de"): Promise<void> {
  await page.getByLabel(language === "de" ? "Thema" : "Topic").selectOption("question");
  await page.getByLabel(say(language, "property.subject")).fill(about);
  await page.getByLabel(say(language, "form.label.content")).fill("Wie geht das?\nUnd warum?");
}

async function numberOf(page: Page): Promise<number> {
  return Number(/#(\d+)/.exec((await main(page).textContent()) ?? "")![1]);
}

test("browsers ask what the server asks", () => {
  const table = join(import.meta.dirname, "../../../shared/portal/testdata/conditions.json");
  const cases = JSON.parse(readFileSync(table, "utf8")) as { fields: Field[]; sent: Record<string, string[]>; stored: Record<string, string>; asks: string[] }[];
  expect(cases.length).toBeGreaterThan(200);
  for (const one of cases) {
    const answers = new Map<string, string>();
    for (const { name, type } of one.fields) {
      const value = stored(one.sent[name] ?? [], type);
      if (value) answers.set(name, value);
    }
    expect(Object.fromEntries(answers), JSON.stringify(one.sent)).toEqual(one.stored);
    expect([...asks(one.fields, answers)], JSON.stringify(one)).toEqual(one.asks);
  }
});

test("from the list to the ticket and the team's inbox, by a double click, once", async ({ page, as, api, browser, session }) => {
  const about = subject("Zugang zur App");
  await as("solo");
  await page.goto("/support/tickets");
  await main(page).getByRole("link", { name: say("de", "frame.newTicket") }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Wie können wir helfen?" })).toBeVisible();
  await expect(main(page).getByText(emails.solo)).toBeVisible();
  await ask(page, about);
  await page.locator("input[type=file]").setInputFiles([{ name: "log.txt", mimeType: "text/plain", buffer: Buffer.from("wake up\n") }]);
  await expect(page.locator(".file-row.done")).toContainText("log.txt");
  await sendButton(page).dblclick();
  await expect(sent(page)).toBeVisible();
  const number = await numberOf(page);
  const made = await tickets(await api("solo"), about);
  expect(made.map((t) => t.number)).toEqual([number]);
  await expect.poll(() => drafts(page)).toEqual([]);

  await page.getByRole("link", { name: say("de", "form.page.show") }).click();
  await expect(page.getByRole("heading", { level: 1, name: about })).toBeVisible();
  await expect(messages(page).first()).toContainText("Und warum?");
  await expect(messages(page).first().getByRole("link", { name: "log.txt" })).toBeVisible();
  await page.goto("/support/tickets");
  await expect(page.getByRole("link", { name: about })).toBeVisible();

  const team = await browser.newContext({ storageState: { cookies: await session("admin"), origins: [] } });
  const inbox = await team.newPage();
  await inbox.goto(`/support/inbox/${made[0]!.id}`);
  await expect(inbox.getByRole("heading", { level: 1, name: about })).toBeVisible();
  await expect(inbox.getByText("Wie geht das?")).toBeVisible();
  await team.close();
});

test("back and sent again it is the same ticket", async ({ page, as, api }) => {
  const about = subject("Zurück");
  await as("solo");
  await page.goto(form);
  await ask(page, about);
  await sendButton(page).click();
  await expect(sent(page)).toBeVisible();
  const number = await numberOf(page);
  await page.goBack();
  await expect(page.getByText(say("de", "form.page.used", { number: String(number) }))).toBeVisible();
  await accessible(page);
  await ask(page, about);
  await sendButton(page).click();
  await expect(sent(page)).toBeVisible();
  expect(await numberOf(page)).toBe(number);
  expect(await tickets(await api("solo"), about)).toHaveLength(1);

  // Another one is another one.
  await page.getByRole("link", { name: say("de", "form.page.again") }).click();
  await ask(page, about);
  await sendButton(page).click();
  await expect(sent(page)).toBeVisible();
  expect(await numberOf(page)).not.toBe(number);
});

test("what is asked depends on the answers", async ({ page, as, api }) => {
  const about = subject("Bedingt");
  await as("solo");
  await page.goto(form);
  await expect(field(page, "product")).toBeHidden();
  await expect(field(page, "phone")).toBeHidden();
  await page.getByLabel("Thema").selectOption("repair");
  await expect(field(page, "product")).toBeVisible();
  await expect(field(page, "serial")).toBeVisible();
  await expect(field(page, "users")).toBeHidden();
  await page.getByLabel("Produkt").selectOption("lagerblick");
  await expect(field(page, "modules")).toBeVisible();
  await page.getByLabel("Rückruf erwünscht").check();
  await expect(field(page, "phone")).toBeVisible();
  await page.getByLabel("Rückruf erwünscht").uncheck();
  await expect(field(page, "phone")).toBeHidden();
  await page.getByLabel("Seriennummer").fill("NS2-25-1");

  // What is not asked any more is not sent, and is still there when it is.
  await page.getByLabel("Thema").selectOption("question");
  await expect(field(page, "modules")).toBeHidden();
  await page.getByLabel("Thema").selectOption("repair");
  await expect(page.getByLabel("Seriennummer")).toHaveValue("NS2-25-1");
  await ask(page, about);
  await expect(field(page, "serial")).toBeHidden();
  await sendButton(page).click();
  await expect(sent(page)).toBeVisible();
  expect(await tickets(await api("solo"), about)).toHaveLength(1);
});

test("what is wrong stands beside its field, with all that was typed", async ({ page, as }) => {
  await as("colleague");
  await page.goto(form);
  await page.getByLabel("Thema").selectOption("repair");
  await page.getByLabel("Produkt").selectOption("lagerblick");
  await page.getByLabel("Seriennummer").fill("?");
  await page.getByRole("checkbox", { name: "Kommissionierung" }).check();
  await page.getByLabel("Worum geht es?").fill("Eine Zeile\nund noch eine");
  await sendButton(page).click();
  await expect(page.getByLabel("Seriennummer")).toHaveAccessibleDescription(/4 bis 20/);
  await expect(page.getByLabel("Betreff")).toHaveAccessibleDescription(/Betreff/);
  const summary = main(page).getByRole("alert");
  await expect(summary.getByRole("link")).toHaveCount(2);
  await summary.getByRole("link", { name: /^Betreff/ }).click();
  await expect(page.getByLabel("Betreff")).toBeFocused();
  await expect(page.getByLabel("Worum geht es?")).toHaveValue("Eine Zeile\nund noch eine");
  await expect(page.getByRole("checkbox", { name: "Kommissionierung" })).toBeChecked();
  await page.getByLabel("Betreff").fill(subject("Berichtigt"));
  await page.getByLabel("Seriennummer").fill("NS2-25-1");
  await sendButton(page).click();
  await expect(sent(page)).toBeVisible();
});

test("a draft survives a reload and an expired session, and is gone once sent", async ({ page, context, api }) => {
  const about = subject("Entwurf");
  await page.goto("/support/sign-in");
  await signIn(page, "colleague");
  await expect(page.getByRole("heading", { level: 1, name: "Tickets" })).toBeVisible();
  await page.goto(form);
  await ask(page, about);
  await page.getByLabel("Rückruf erwünscht").check();
  await page.getByLabel("Telefon für Rückruf").fill("040 123456");
  await expect.poll(async () => (await drafts(page)).length).toBe(1);
  expect(JSON.stringify(await drafts(page))).not.toContain("Entwurf");
  const filled = async () => {
    await expect(note(page)).toBeVisible();
    await expect(page.getByLabel("Betreff")).toHaveValue(about);
    await expect(page.getByLabel("Telefon für Rückruf")).toHaveValue("040 123456");
  };
  await page.reload();
  await filled();
  await page.goto("/support/tickets");
  await page.goto(form); // another page of it
  await filled();
  await accessible(page);

  // Signed out meanwhile: the text waits on the page, and as a draft.
  await context.clearCookies();
  await sendButton(page).click();
  await expect(page.getByRole("heading", { level: 1, name: "Bitte melden Sie sich an" })).toBeVisible();
  await page.goto(form);
  await signIn(page, "colleague");
  await filled();
  expect(await tickets(await api("colleague"), about)).toHaveLength(0);
  await sendButton(page).click();
  await expect(sent(page)).toBeVisible();
  await expect.poll(() => drafts(page)).toEqual([]);
  expect(await tickets(await api("colleague"), about)).toHaveLength(1);
  await page.goto(form);
  await expect(page.getByLabel("Betreff")).toHaveValue("");
  await expect(note(page)).toBeHidden();
});

test("what was sent without an answer is not sent twice", async ({ page, as, api }) => {
  const about = subject("Abgerissen");
  await as("solo");
  await page.goto(form);
  await ask(page, about);
  // It arrives, and what is answered does not.
  await page.route("**/support/forms/contact", async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    await route.fetch({ maxRedirects: 0 });
    await route.abort();
  });
  await sendButton(page).click();
  await expect.poll(async () => (await tickets(await api("solo"), about)).length).toBe(1);
  await page.unroute("**/support/forms/contact");
  await page.goto(form);
  await expect(page.getByText(say("de", "form.page.used", { number: String((await tickets(await api("solo"), about))[0]!.number) }))).toBeVisible();
  await expect(page.getByLabel("Betreff")).toHaveValue("");
  await expect.poll(() => drafts(page)).toEqual([]);
});

test("a draft can be discarded", async ({ page, as }) => {
  await as("stranger");
  await page.goto(form);
  await page.getByLabel("Subject").fill("Not after all");
  await expect.poll(async () => (await drafts(page)).length).toBe(1);
  await page.reload();
  await page.getByRole("button", { name: say("en", "reply.draft.discard") }).click();
  await expect(page.getByLabel("Subject")).toHaveValue("");
  expect(await drafts(page)).toEqual([]);
});

test("a file that cannot be sent is refused before it is", async ({ page, as }) => {
  await as("stranger");
  await page.goto(form);
  await page.locator("input[type=file]").setInputFiles([{ name: "setup.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ") }]);
  await expect(page.locator(".file-row.bad")).toContainText(".exe");
  await ask(page, subject("Refused"), "en");
  await sendButton(page, "en").click();
  await expect(page.getByText(say("en", "reply.files.failed"))).toBeVisible();
  await page.locator(".file-row [data-remove]").click();
  await expect(page.getByRole("button", { name: /^Files.*Attach files$/ })).toBeFocused();
});

test("the team sees a preview, which sends nothing", async ({ page, as }) => {
  await as("admin");
  await page.goto(form);
  await expect(page.getByText(say("de", "form.page.preview")).first()).toBeVisible();
  await page.getByLabel("Thema").selectOption("repair");
  await expect(field(page, "serial")).toBeVisible();
  await sendButton(page).click({ force: true });
  await expect(page).toHaveURL(new RegExp(`${form}$`));
  await page.getByText(say("de", "form.share.title")).click();
  await expect(page.getByLabel(say("de", "form.share.snippet"))).toHaveValue(/^<iframe src="http:\/\/localhost:\d+\/support\/embed\/contact"/);
  await expect(page.getByLabel(say("de", "form.share.secret"))).toHaveValue(/^whsec_/);
  await accessible(page);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("everything is shown, and what does not apply is left out", async ({ page, as, api }) => {
    const about = subject("Ohne Skript");
    await as("solo");
    await page.goto(form);
    for (const name of ["product", "serial", "modules", "users", "phone"]) await expect(field(page, name)).toBeVisible();
    await expect(page.locator("noscript p")).toHaveText(say("de", "form.page.conditional"));
    await ask(page, about);
    await page.getByLabel("Seriennummer").fill("NS2-25-1"); // not asked of a question
    await page.locator("input[type=file]").setInputFiles([{ name: "log.txt", mimeType: "text/plain", buffer: Buffer.from("wake up\n") }]);
    await sendButton(page).click();
    await expect(page.getByLabel("Seriennummer")).toHaveAccessibleDescription(/anderen Angaben/);
    await expect(page.getByLabel("Betreff")).toHaveValue(about);
    await expect(page.locator("#field-files-error")).toHaveText(say("de", "reply.files.again"));
    await page.getByLabel("Seriennummer").fill("");
    await page.locator("input[type=file]").setInputFiles([{ name: "log.txt", mimeType: "text/plain", buffer: Buffer.from("wake up\n") }]);
    await sendButton(page).click();
    await expect(sent(page)).toBeVisible();
    await page.getByRole("link", { name: say("de", "form.page.show") }).click();
    await expect(messages(page).first().getByRole("link", { name: "log.txt" })).toBeVisible();
    expect(await tickets(await api("solo"), about)).toHaveLength(1);
  });

  test("back and sent again it is the same ticket, or asked about", async ({ page, as, api }) => {
    const about = subject("Zweimal");
    await as("solo");
    await page.goto(form);
    await ask(page, about);
    await sendButton(page).click();
    await expect(sent(page)).toBeVisible();
    const number = await numberOf(page);
    await page.goBack();
    await ask(page, about);
    await sendButton(page).click();
    await expect(sent(page)).toBeVisible();
    expect(await numberOf(page)).toBe(number);
    await page.goBack();
    await ask(page, about);
    await page.getByLabel("Worum geht es?").fill("Etwas anderes");
    await sendButton(page).click();
    await expect(page.getByText(say("de", "form.error.usedKey"))).toBeVisible();
    await expect(page.getByLabel("Worum geht es?")).toHaveValue("Etwas anderes");
    expect(await tickets(await api("solo"), about)).toHaveLength(1);
    await sendButton(page).click();
    await expect(sent(page)).toBeVisible();
    expect(await numberOf(page)).not.toBe(number);
    expect(await tickets(await api("solo"), about)).toHaveLength(2);
  });
});

test.describe("on a website", () => {
  // Of the frame, whose page is an error; and the focus is not given to frames unasked.
  test.use({ expected: [/Blocked autofocusing|status of 422/] });

  /** The website shows the form in a frame. */
  async function visit(page: Page, origin: string, baseURL: string) {
    // Browsers ask before a website reaches this machine.
    await page.context().grantPermissions(["local-network-access"], { origin });
    await page.route(`${origin}/`, (route) =>
      route.fulfill({ contentType: "text/html", body: `<!doctype html><title>Nordlicht</title><iframe src="${baseURL}/support/embed/website?campaign=herbst" title="Anfrage" width="560" height="1400"></iframe>` }),
    );
    await page.goto(`${origin}/`);
    return page.frameLocator("iframe");
  }

  test("anyone asks, the device works, and the address is confirmed by mail", async ({ page, request, baseURL, api }) => {
    const [about, email] = [subject("Website"), `gast-${crypto.randomUUID().slice(0, 8)}@anderswo.example`];
    const frame = await visit(page, website, baseURL!);
    await expect(frame.getByRole("heading", { level: 1 })).toBeVisible();
    const shown = Date.now();
    await frame.getByLabel(say("de", "form.label.email")).fill(email);
    await frame.getByLabel(say("de", "property.subject")).fill(about);
    await frame.getByLabel(say("de", "form.label.content")).fill("Ich habe eine Frage.");
    await frame.getByRole("button", { name: say("de", "form.page.send") }).click();
    await expect(frame.getByLabel(say("de", "link.use.agree"))).toHaveAccessibleDescription(/./);
    await frame.getByLabel(say("de", "link.use.agree")).check();
    // Whoever is faster than people are is looked at first.
    await expect.poll(() => Date.now() - shown).toBeGreaterThan(3500);
    await frame.getByRole("button", { name: say("de", "form.page.send") }).dblclick();
    await expect(frame.getByRole("heading", { level: 1, name: say("de", "form.sent.title") })).toBeVisible();
    await expect(frame.getByText(say("de", "form.sent.confirm", { days: "14" }))).toBeVisible();
    await expect(frame.getByRole("link", { name: say("de", "form.page.show") })).toBeHidden();
    await expect.poll(() => confirmation(request, email)).toContain("/support/confirm/");
    const inbox = await (await api("admin")).get("/api/v1/support/inbox", { params: { limit: 25 } });
    expect(JSON.stringify(await inbox.json()).split(about)).toHaveLength(2);

    await page.goto(await confirmation(request, email));
    await accessible(page);
    await page.getByRole("button", { name: say("de", "form.confirm.submit") }).click();
    await expect(page.getByText(say("de", "form.confirm.done.text"))).toBeVisible();
  });

  /** The link that the address is confirmed by, "" before it has come. */
  async function confirmation(request: APIRequestContext, email: string): Promise<string> {
    const { mail } = (await (await request.get("/_local/mail.json")).json()) as { mail: Mail[] };
    const found = mail.find((m) => m.to.some((to) => to.includes(email)));
    return /https?:\/\/\S+\/confirm\/\S+/.exec(found?.text ?? "")?.[0] ?? "";
  }

  test.describe("that is not listed", () => {
    test.use({ expected: [/frame-ancestors|ERR_BLOCKED_BY_RESPONSE|refused/i] });

    test("the form is not shown", async ({ page, baseURL }) => {
      const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
      await visit(page, "https://elsewhere.example", baseURL!);
      await refused;
    });
  });
});

for (const width of [360, 1280]) {
  for (const language of ["de", "en"] as const) {
    test.describe(`${width} px, ${language}`, () => {
      const narrow = width === 360;
      test.use({
        viewport: { width, height: 800 }, locale: language === "de" ? "de-DE" : "en-GB",
        colorScheme: language === "en" ? "dark" : "light", ...(narrow ? { isMobile: true, hasTouch: true } : {}),
      });

      test("every page of a form is accessible", async ({ page, context, as }) => {
        const account: Account = language === "de" ? "colleague" : "stranger";
        await as(account);
        await page.goto(form);
        await expect(page.locator("html")).toHaveAttribute("lang", language);
        await accessible(page);
        await page.getByLabel(language === "de" ? "Thema" : "Topic").selectOption("repair");
        await page.getByLabel(language === "de" ? "Produkt" : "Product").selectOption("lagerblick");
        await page.locator("#field-callback").check();
        await expect(field(page, "modules")).toBeVisible();
        await accessible(page);
        await sendButton(page, language).click();
        await expect(main(page).getByRole("alert").getByRole("link").first()).toBeVisible();
        await accessible(page);
        await page.goto("/support/forms/website");
        await accessible(page);
        await page.goto(form);
        await page.getByRole("button", { name: say(language, "reply.draft.discard") }).click();
        await expect(page.locator("#field-callback")).not.toBeChecked();
        await ask(page, subject("axe"), language);
        await sendButton(page, language).click();
        await expect(sent(page, language)).toBeVisible();
        await accessible(page);

        await context.clearCookies();
        await page.goto("/support/embed/website");
        await expect(page.getByLabel(say(language, "form.label.email"))).toBeVisible();
        await accessible(page);
        await sendButton(page, language).click();
        await expect(main(page).getByRole("alert").getByRole("link").first()).toBeVisible();
        await accessible(page);
      });
    });
  }
}
