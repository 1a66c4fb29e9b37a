// What somebody sends from outside is the team's alone until they confirm by mail that
// it was them; what looks like a machine's work tells nobody anything before somebody
// of the team has released it.
import type { APIRequestContext, Page } from "@playwright/test";
import { accessible, expect, say, test, type Language, type Mail } from "./portal";

const heading = (page: Page, language: Language, key: Parameters<typeof say>[1]) =>
  page.getByRole("heading", { level: 1, name: say(language, key) });

/** Sends the form from outside, as a program without a token does. */
async function submit(request: APIRequestContext, language: Language, values: Record<string, string>): Promise<number> {
  const answer = await request.post("/api/v1/support/forms/contact/submissions", {
    headers: { "Accept-Language": language, "Idempotency-Key": crypto.randomUUID() },
    data: { fields: Object.entries({ topic: "question", ...values }).map(([name, value]) => ({ name, value })) },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  const sent = (await answer.json()) as { ticket: { number: number }; confirm: boolean };
  return sent.ticket.number;
}

/** The mails to the address, oldest first. */
async function mails(request: APIRequestContext, email: string): Promise<Mail[]> {
  const { mail } = (await (await request.get("/_local/mail.json")).json()) as { mail: Mail[] };
  return mail.filter((one) => one.to.some((to) => to.includes(email))).reverse();
}

/** The link of the n-th mail to the address, once it has come. */
async function asked(request: APIRequestContext, email: string, n = 1): Promise<{ mail: Mail; url: string }> {
  await expect.poll(() => mails(request, email).then((all) => all.length)).toBe(n);
  const mail = (await mails(request, email))[n - 1]!;
  const url = /https?:\/\/\S+\/confirm\/\S+/.exec(mail.text)?.[0];
  expect(url, mail.text).toBeTruthy();
  return { mail, url: url! };
}

/** An address that nobody else sends with. */
const address = (name: string) => `${name}-${crypto.randomUUID().slice(0, 8)}@fremd.example`;

const widths = [360, 1280];

/** The page is fine on phones and on desks. */
async function fine(page: Page): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    await accessible(page);
  }
}

for (const language of ["de", "en"] as const) {
  test.describe(language, () => {
    test.use({ locale: language === "de" ? "de-DE" : "en-GB" });

    test("whoever sent it confirms the address, and is its contact from then on", async ({ page, request, browser, session }) => {
      const email = address("nele");
      const subject = `Lieferung ${email}`;
      const number = await submit(request, language, { email, first: "Nele", last: "Neumann", subject, content: "Wo bleibt die Lieferung?" });

      const team = await browser.newContext({ locale: language === "de" ? "de-DE" : "en-GB" });
      await team.addCookies(await session("admin"));
      const inbox = await team.newPage();
      await inbox.goto("/support/inbox");
      const row = inbox.getByRole("listitem").filter({ hasText: subject });
      await expect(row.getByText(say(language, "inbox.unproven.badge"))).toBeVisible();
      await expect(row.getByText(say(language, "inbox.review.badge"))).toHaveCount(0);
      await row.getByRole("link", { name: subject }).click();
      const head = inbox.locator(".thread-head");
      await expect(head.getByText(say(language, "inbox.unproven.title"))).toBeVisible();
      await expect(head.getByText(`Nele Neumann (${email})`)).toBeVisible();
      await fine(inbox);

      const { mail, url } = await asked(request, email);
      expect(mail.subject).toBe(say(language, "mail.link.confirm.subject", { portal: "Nordlicht Support" }));
      expect(mail.text).toContain(String(number));
      for (const quoted of ["Nele", "Neumann", "Lieferung"]) expect(mail.text + mail.html + mail.subject).not.toContain(quoted);

      await request.get(url); // as what reads mails does
      await page.goto(url);
      await expect(heading(page, language, "form.confirm.title")).toBeVisible();
      await expect(page.getByText("n•••@fremd.example")).toBeVisible();
      await fine(page);
      await inbox.reload();
      await expect(head.getByText(say(language, "inbox.unproven.title"))).toBeVisible();

      await page.getByRole("button", { name: say(language, "form.confirm.submit") }).click();
      await expect(heading(page, language, "form.confirm.done.title")).toBeVisible();
      await expect(page.getByText(say(language, "form.confirm.done.text"))).toBeVisible();
      await fine(page);
      expect((await page.context().cookies()).filter((cookie) => cookie.name.includes("support"))).toEqual([]);

      await inbox.reload();
      await expect(head.getByText(say(language, "inbox.unproven.title"))).toHaveCount(0);
      await expect(inbox.getByText(say(language, "inbox.event.proven", { name: "Nele Neumann" }))).toBeVisible();
      await expect(inbox.locator(".inbox-side").getByText(email, { exact: true })).toHaveCount(1);
      await team.close();

      await page.goto(url);
      await expect(heading(page, language, "form.confirm.gone.title")).toBeVisible();
      await fine(page);
    });
  });
}

test.describe("by keyboard, without script", () => {
  test.use({ javaScriptEnabled: false });

  test("an address is confirmed", async ({ page, request }) => {
    const email = address("ohne");
    await submit(request, "de", { email, subject: "Ohne Skript", content: "Guten Tag" });
    await page.goto((await asked(request, email)).url);
    await page.getByRole("button", { name: say("de", "form.confirm.submit") }).focus();
    await page.keyboard.press("Enter");
    await expect(heading(page, "de", "form.confirm.done.title")).toBeVisible();
  });
});

test("who has confirmed once is asked at once for what comes next", async ({ page, request }) => {
  const email = address("wieder");
  const values = { email, content: "Guten Tag" };
  await submit(request, "de", { ...values, subject: "Eins" });
  const first = await asked(request, email);
  await submit(request, "de", { ...values, subject: "Zwei" });
  await page.goto(first.url);
  await page.getByRole("button", { name: say("de", "form.confirm.submit") }).click();
  await expect(heading(page, "de", "form.confirm.done.title")).toBeVisible();
  await submit(request, "de", { ...values, subject: "Drei" });
  const second = await asked(request, email, 2);
  expect(second.url).not.toBe(first.url);
});

test("what looks like a machine's work is released first", async ({ page, request, as }) => {
  const email = address("links");
  const subject = `Angebot ${email}`;
  await submit(request, "de", {
    email, first: "Lina", subject, content: "https://a.example https://b.example https://c.example https://d.example",
  });
  await as("agent");
  await page.goto("/support/inbox");
  const row = page.getByRole("listitem").filter({ hasText: subject });
  await expect(row.getByText(say("de", "inbox.review.badge"))).toBeVisible();
  await fine(page);
  await row.getByRole("link", { name: subject }).click();
  const review = page.getByRole("region", { name: say("de", "inbox.review.title") });
  await expect(review.getByText(say("de", "inbox.review.links"))).toBeVisible();
  await fine(page);
  expect(await mails(request, email)).toEqual([]);
  await review.getByRole("button", { name: say("de", "inbox.review.release") }).click();
  await expect(page.getByText(say("de", "inbox.done.released"))).toBeVisible();
  await expect(review).toHaveCount(0);
  await expect(page.getByText(say("de", "inbox.event.reviewed", { name: "Jonas Lehmann" }))).toBeVisible();
  await expect(page.getByText(say("de", "inbox.unproven.title"))).toBeVisible();
  await fine(page);
  await asked(request, email);

  // The team's answer reaches them all the same, whole.
  await page.getByRole("textbox", { name: say("de", "inbox.reply.label"), exact: true }).click();
  await page.keyboard.type("Danke, kein Interesse.");
  await page.getByRole("button", { name: say("de", "reply.send") }).click();
  await expect(page.getByText(say("de", "inbox.done.reply"))).toBeVisible();
  await expect.poll(() => mails(request, email).then((all) => all.length)).toBe(2);
  const answer = (await mails(request, email))[1]!;
  expect(answer.text).toContain("Danke, kein Interesse.");
  expect(answer.text).not.toContain("/support/");
});
