// Every page and state, by axe and for what sticks out: on a wide screen in
// German and light, and on a phone in English and dark.
import type { Page } from "@playwright/test";
import { accessible, box, emails, expect, fits, known, messages, png, reply, say, signIn, test, write, type Language } from "./portal";

const screens = [
  { name: "wide, German, light", language: "de" as Language, ticket: "pages, wide" as const, use: {} },
  {
    name: "phone, English, dark",
    language: "en" as Language,
    ticket: "pages, narrow" as const,
    use: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "en-GB", colorScheme: "dark" as const },
  },
];

for (const { name, language, ticket: purpose, use } of screens) {
  const narrow = "hasTouch" in use;
  test.describe(name, () => {
    test.use(use);

    /** By touch, what can be pressed is at least 44 px high and wide; links in
        sentences and the footer are not meant. */
    async function touchable(page: Page): Promise<void> {
      if (!narrow) return;
      const small = await page.locator("main").locator("a, button, summary, select, textarea, input:not([type=hidden]), [contenteditable=true]").evaluateAll((all) =>
        all.flatMap((element) => {
          if (!element.checkVisibility() || element.closest(".prose, .banner p")) return [];
          // What belongs to it is pressed as well.
          const target = element.closest("li.inbox-row, .choice") ?? element;
          const { width, height } = target.getBoundingClientRect();
          return Math.min(width, height) < 43.9 ? [`${width} × ${height}: ${element.outerHTML.slice(0, 160)}`] : [];
        }),
      );
      expect(small).toEqual([]);
    }

    test("signing in", async ({ page }) => {
      await page.goto("/support/sign-in");
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await accessible(page);
      await page.getByRole("button", { name: say(language, "signIn.submit"), exact: true }).click();
      await expect(page.getByText(say(language, "signIn.error.email"))).toBeVisible();
      await accessible(page);
      await page.getByLabel(say(language, "signIn.email")).fill(emails.manager);
      await page.getByLabel(say(language, "signIn.password")).fill("wrong");
      await page.getByRole("button", { name: say(language, "signIn.submit"), exact: true }).click();
      await expect(page.getByText(say(language, "signIn.error.failed"))).toBeVisible();
      await accessible(page);
      await page.goto("/support/sign-in?signed-out");
      await expect(page.getByText(say(language, "signIn.signedOut"))).toBeVisible();
      await accessible(page);
    });

    test("the list", async ({ page, as }) => {
      await as("manager");
      await page.goto("/support/tickets?view=company");
      await expect(page.getByRole("row").nth(20)).toBeVisible();
      await accessible(page);
      await page.goto("/support/tickets?view=company&status=closed&sort=created&limit=5");
      await page.locator("summary", { hasText: say(language, "list.view") }).click();
      await accessible(page);
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: say(language, "pager.next") }).click();
      await expect(page.getByRole("link", { name: say(language, "pager.previous") })).toBeVisible();
      await accessible(page);
    });

    test("a list with nothing in it", async ({ page, as }) => {
      await as("solo");
      await page.goto("/support/tickets?view=company");
      await expect(page.getByText(say(language, "list.empty.noCompany"), { exact: true })).toBeVisible();
      await accessible(page);
    });

    test("menus", async ({ page, as }) => {
      await as("manager");
      await page.goto("/support/tickets");
      await page.locator("summary", { hasText: "MV" }).click();
      await expect(page.getByRole("button", { name: say(language, "frame.signOut") })).toBeVisible();
      await accessible(page);
    });

    test("a ticket with everything", async ({ page, as }) => {
      await as("manager");
      await page.goto(`/support/tickets/${known.own}`);
      await expect(messages(page).last()).toBeVisible();
      await accessible(page);
      const details = page.locator("summary", { hasText: say(language, "properties.label") });
      if (await details.isVisible()) {
        await details.click();
        await accessible(page);
      }
    });

    test("an earlier page of a long conversation", async ({ page, as }) => {
      await as("manager");
      await page.goto(`/support/tickets/${known.long}`);
      await accessible(page);
      await page.getByRole("link", { name: say(language, "conversation.earlier") }).click();
      await expect(box(page, language)).toHaveCount(0);
      await accessible(page);
    });

    test("subjects that try to break the page", async ({ page, as, api }) => {
      const answer = await (await api("manager")).get("/api/v1/support/tickets?view=company&status=open&limit=100");
      const { tickets } = (await answer.json()) as { tickets: { id: string; subject: string }[] };
      const odd = tickets.filter(({ subject }) => /[<{=\u0590-\u06ff]/.test(subject) || /\S{50}/.test(subject) || subject.length > 200);
      expect(odd.length).toBeGreaterThanOrEqual(5);
      await as("manager");
      for (const { id, subject } of odd) {
        await page.goto(`/support/tickets/${id}`);
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(subject);
        await fits(page);
      }
    });

    test("replying", async ({ page, as, ticket }) => {
      const { path } = await ticket(`${purpose}, replying`);
      await as("manager");
      await page.goto(path);
      await write(page, "Text", language);
      await page.locator("#reply-files").setInputFiles([
        { name: "picture.png", mimeType: "image/png", buffer: png },
        { name: "a name that is so long that it cannot stand in one line on any phone.exe", mimeType: "application/x-msdownload", buffer: png },
      ]);
      await expect(page.locator(".file-row.done")).toHaveCount(1);
      await accessible(page);
      await box(page, language).press("Control+k");
      await expect(page.getByLabel(say(language, "reply.link.address"))).toBeVisible();
      await accessible(page);
      await page.getByRole("button", { name: say(language, "reply.send") }).click();
      await expect(page.getByText(say(language, "reply.files.failed"))).toBeVisible();
      await accessible(page);
    });

    test("a ticket that was closed, replied to, and reopened", async ({ page, as, api, ticket }) => {
      const { id, path } = await ticket(`${purpose}, closed`);
      const manager = await api("manager");
      expect((await manager.post(`/api/v1/support/tickets/${id}/close`)).ok()).toBe(true);
      await as("manager");
      await page.goto(`${path}?done=closed`);
      await expect(page.getByText(say(language, "detail.replyToClosed"))).toBeVisible();
      await accessible(page);
      expect((await reply(manager, id, "Noch offen.")).ok()).toBe(true);
      await page.goto(path);
      await accessible(page);
    });

    test("my account", async ({ page, as }) => {
      await as("manager");
      await page.goto("/support/account?done=password");
      await expect(page.getByText(say(language, "account.passwordChanged"))).toBeVisible();
      await accessible(page);
      await page.locator('form[action$="/account/password"]').getByLabel(say(language, "account.currentPassword")).fill("x");
      await page.getByLabel(say(language, "account.newPassword"), { exact: true }).fill("short");
      await page.getByRole("button", { name: say(language, "account.changePassword") }).click();
      await expect(page.getByText(say(language, "account.error.passwordShort", { min: "10" }))).toBeVisible();
      await accessible(page);
    });

    test("what is not there, not allowed, or not understood", async ({ page, as }) => {
      await page.goto("/nowhere/at/all");
      await expect(page.getByRole("heading", { name: say(language, "error.title.notFound") })).toBeVisible();
      await accessible(page);
      await page.goto("/support/nothing/here");
      await accessible(page);
      await as("manager");
      await page.goto(`/support/tickets/${known.stranger}`);
      await expect(page.getByRole("button", { name: say(language, "error.switch") })).toBeVisible();
      await accessible(page);
      await page.goto("/support/tickets?sort=strange&status=odd");
      await expect(page.getByText(say(language, "list.error.sort"))).toBeVisible();
      await accessible(page);
      await page.goto("/support/tickets?cursor=tampered");
      await expect(page.getByRole("heading", { name: say(language, "error.title.invalid") })).toBeVisible();
      await accessible(page);
    });

    test("a session that ended while replying", async ({ page, as, context }) => {
      await as("manager");
      await page.goto(`/support/tickets/${known.own}`);
      await write(page, "Kept", language);
      await context.clearCookies();
      await page.getByRole("button", { name: say(language, "reply.send") }).click();
      await expect(page.getByRole("heading", { name: say(language, "error.title.session") })).toBeVisible();
      await accessible(page);
    });

    test("the team's preview", async ({ page, as }) => {
      await as("admin");
      await page.goto(`/support/tickets/${known.own}`);
      await expect(page.locator(".preview")).toBeVisible();
      await accessible(page);
    });

    test("the inbox", async ({ page, as }) => {
      await as("admin");
      await page.goto("/support/inbox");
      await expect(page.locator(".inbox-row").nth(24)).toBeVisible();
      await expect(page.locator("[data-count=all]")).toHaveText(/^\d+\+?$/);
      await accessible(page);
      await touchable(page);
      await page.goto("/support/inbox?state=closed");
      await page.getByRole("link", { name: say(language, "pager.next") }).click();
      await expect(page.getByRole("link", { name: say(language, "pager.previous") })).toBeVisible();
      await accessible(page);
    });

    test("an inbox with nothing in it", async ({ page, as }) => {
      await as("admin");
      await page.goto("/support/inbox?inbox=inboxrepair&state=closed&owner=unassigned");
      await expect(page.getByText(say(language, "inbox.empty.closed"))).toBeVisible();
      await accessible(page);
      await touchable(page);
    });

    test("a ticket that the team opens", async ({ page, as }) => {
      await as("admin");
      await page.goto("/support/compose");
      await expect(page.getByRole("heading", { level: 1, name: say(language, "inbox.new.title") })).toBeVisible();
      await accessible(page);
      await touchable(page);
      await page.getByRole("main").getByRole("button", { name: say(language, "inbox.new.create") }).click();
      await expect(page.getByText(say(language, "inbox.error.email"))).toBeVisible();
      await accessible(page);
      await touchable(page);
    });

    test("the team's page of a ticket", async ({ page, as, task, api }) => {
      const ticket = await task(`inbox, ${narrow ? "narrow" : "wide"}`);
      expect((await reply(await api("customer"), ticket.id, "Eine Frage.")).ok()).toBe(true);
      const agent = await api("agent");
      const kept = await agent.post(`/api/v1/support/inbox/${ticket.id}/comments`, {
        data: { id: crypto.randomUUID().replaceAll("-", "").slice(0, 26), text: "Unter uns." },
      });
      expect(kept.status()).toBe(201);
      await as("admin");
      await page.goto(ticket.inbox);
      await expect(messages(page).last()).toContainText("Unter uns.");
      await accessible(page);
      await touchable(page);
      await write(page, "Text", language, "inbox.reply.label");
      await accessible(page);
      await touchable(page);

      // As a link of the list leads there: at the newest message.
      await page.goto(`${ticket.inbox}?compose=comment#latest`);
      await expect(page.getByText(say(language, "inbox.comment.note"))).toBeVisible();
      await write(page, "Text", language, "inbox.comment.label");
      await accessible(page);
      await touchable(page);

      // All that is folded, unfolded.
      for (const summary of await page.locator(".inbox-side summary").all()) if (await summary.isVisible()) await summary.click();
      await expect(page.getByLabel(say(language, "inbox.contacts.email"))).toBeVisible();
      await accessible(page);
      await touchable(page);
      await page.getByLabel(say(language, "inbox.contacts.email")).fill("nobody@nowhere.example");
      await page.getByRole("button", { name: say(language, "inbox.contacts.add") }).click();
      await expect(page.getByText(say(language, "inbox.error.noContact"))).toBeVisible();
      await accessible(page);
    });

    test("a ticket with everything, as the team sees it", async ({ page, as }) => {
      await as("admin");
      await page.goto(`/support/inbox/${known.own}`);
      await expect(messages(page).last()).toBeVisible();
      await accessible(page);
      await page.goto(`/support/inbox/${known.long}`);
      await page.getByRole("link", { name: say(language, "conversation.earlier") }).click();
      await expect(page.getByRole("link", { name: say(language, "conversation.later") })).toBeVisible();
      await accessible(page);
    });

    test("the inbox is the team's", async ({ page, as }) => {
      await as("manager");
      await page.goto("/support/inbox");
      await expect(page.getByText(say(language, "error.teamOnly"))).toBeVisible();
      await accessible(page);
    });

    test("another portal, in its own colour", async ({ page }) => {
      // It speaks German only, whatever the browser asks for.
      await page.goto("/bestellungen/tickets");
      await signIn(page, "customer", "de");
      await expect(page.getByRole("heading", { level: 1, name: "Bestellungen" })).toBeVisible();
      await accessible(page);
      await page.getByRole("table").getByRole("link", { name: /NL-26-4417/ }).click();
      await expect(box(page)).toBeVisible();
      await accessible(page);
    });
  });
}
