// What the tests share: the sample's people, their sessions, tickets to write
// to, and a page that must not complain.
import AxeBuilder from "@axe-core/playwright";
import {
  expect,
  test as base,
  type APIRequestContext,
  type BrowserContext,
  type Cookie,
  type Locator,
  type Page,
} from "@playwright/test";
import de from "../../../shared/ui/messages/de.json" with { type: "json" };
import en from "../../../shared/ui/messages/en.json" with { type: "json" };

export { expect };

/** The password of every sample account. */
export const password = "postern-demo";

/** The sample's accounts. Who has no language set reads that of the browser:
    manager, solo and admin. colleague's profile belongs to account.spec.ts. */
export const emails = {
  customer: "customer@nordwind.example", // German
  colleague: "colleague@nordwind.example",
  manager: "manager@nordwind.example",
  stranger: "stranger@suedstern.example", // English, of another company
  solo: "solo@einzel.example", // of no company
  agent: "agent@postern.example",
  admin: "admin@postern.example",
} as const;
export type Account = keyof typeof emails;
export type Portal = "support" | "bestellungen";

/** Tickets of the portal support that are there in every sample. */
export const known = {
  own: "01krzmpak4samp1e0000000101", // customer's, with files and pictures
  stranger: "01ktnjmybtsamp1e0000000103",
  oldClosed: "01kerjmyz6samp1e0000000107", // customer's, closed too long ago to reopen
  long: "01kjsjw9m3samp1e0000000108", // customer's, over 120 messages
};

/** What each test that writes has a ticket of its own for. */
const purposes = [
  "formatting",
  "files",
  "pasted image",
  "dropped files",
  "refused files",
  "failed upload",
  "double click",
  "sent, then back",
  "changed after back",
  "draft",
  "expired session",
  "expired session, draft",
  "next person",
  "sent draft",
  "closed ticket",
  "close and reopen",
  "closed twice",
  "unread",
  "new answer",
  "signed out elsewhere",
  "keyboard",
  "phone",
  "phone, closed",
  "too long",
  "sent twice without script",
  "expired session without script",
  "pages, wide, replying",
  "pages, wide, closed",
  "pages, narrow, replying",
  "pages, narrow, closed",
  "conversation",
  "told twice",
  "second conversation",
  "edited",
  "refused edits",
  "edited by two",
  "contacts",
  "two at once",
  "crossed",
  "crossed without script",
  "answered twice",
  "answered, session expired",
  "answered and closed",
  "inbox list",
  "inbox by keyboard",
  "inbox without script",
  "inbox, wide",
  "inbox, narrow",
  "idle end",
] as const;
export type Purpose = (typeof purposes)[number];

export interface Ticket {
  id: string;
  subject: string;
  path: string;
}

/** A ticket as the team has it. */
export interface Task extends Ticket {
  number: number;
  inbox: string; // its page in the team's inbox
}

interface Listed {
  id: string;
  subject: string;
  state: "open" | "closed";
}

interface Worker {
  session: (account: Account, portal?: Portal) => Promise<Cookie[]>;
  api: (account: Account, portal?: Portal) => Promise<APIRequestContext>;
  ticket: (purpose: Purpose) => Promise<Ticket>;
  /** The ticket as work for the team: open, in the inbox Support, nobody's, of
      the customer, with the properties given. */
  task: (purpose: Purpose, properties?: Record<string, string>) => Promise<Task>;
}

/** A portal of a test's own, as every deployment begins with: nobody but its admin,
    and off. */
export interface Fresh {
  slug: string;
  path: (rest: string) => string;
  cookies: Cookie[]; // the admin's
  api: APIRequestContext; // and the admin's programs
}

interface Fixtures {
  /** Makes a portal, and signs the test's own browser in as its admin. */
  fresh: (language?: Language) => Promise<Fresh>;
  /** Signs the test's own browser in, by a session that other tests share: to
      sign out again, use signIn. */
  as: (account: Account, portal?: Portal) => Promise<void>;
  /** Complaints of the browser that the test brings about. */
  expected: RegExp[];
  watch: (context: BrowserContext) => Promise<void>;
  watched: void;
}

export const test = base.extend<Fixtures, Worker>({
  session: [
    async ({ playwright }, use) => {
      const sessions = new Map<string, Promise<Cookie[]>>();
      const begin = async (account: Account, portal: Portal) => {
        const request = await playwright.request.newContext({ baseURL: origin() });
        const answer = await request.post(`/api/v1/${portal}/session`, { data: { email: emails[account], password } });
        expect(answer.status(), `${account} signs in at ${portal}`).toBe(204);
        const { cookies } = await request.storageState();
        await request.dispose();
        return cookies;
      };
      await use((account, portal = "support") => {
        const key = `${account}@${portal}`;
        if (!sessions.has(key)) sessions.set(key, begin(account, portal));
        return sessions.get(key)!;
      });
    },
    { scope: "worker" },
  ],

  api: [
    async ({ playwright, session }, use) => {
      const made = new Map<string, Promise<APIRequestContext>>();
      await use((account, portal = "support") => {
        const key = `${account}@${portal}`;
        if (!made.has(key)) {
          made.set(
            key,
            session(account, portal).then((cookies) =>
              playwright.request.newContext({
                baseURL: origin(),
                storageState: { cookies, origins: [] },
                extraHTTPHeaders: { Accept: "application/json" },
              }),
            ),
          );
        }
        return made.get(key)!;
      });
      for (const context of made.values()) await (await context).dispose();
    },
    { scope: "worker" },
  ],

  ticket: [
    async ({ api }, use) => {
      let all: Promise<Listed[]> | undefined;
      await use(async (purpose) => {
        const manager = await api("manager");
        all ??= writable(manager);
        const found = (await all)[purposes.indexOf(purpose)]!;
        const path = `/support/tickets/${found.id}`;
        if (found.state === "closed") {
          // A reply opens it again.
          const answer = await reply(manager, found.id, "Noch eine Frage dazu.");
          expect(answer.status()).toBe(201);
        }
        return { id: found.id, subject: found.subject, path };
      });
    },
    { scope: "worker" },
  ],

  task: [
    async ({ api, ticket }, use) => {
      await use(async (purpose, properties = {}) => {
        const made = await ticket(purpose);
        const admin = await api("admin");
        const url = `/api/v1/support/inbox/${made.id}`;
        const added = await admin.post(`${url}/contacts`, { data: { email: emails.customer } });
        expect(added.status()).toBe(200);
        const { ticket: before } = (await added.json()) as { ticket: { number: number; version: string } };
        const answer = await admin.patch(url, {
          headers: { "If-Match": `"${before.version}"` },
          data: { properties: { inbox: "inboxsupport", owner: "", stage: "pipesupport/stagework", priority: "", root_cause: "", ...properties } },
        });
        expect(answer.status()).toBe(200);
        return { ...made, number: before.number, inbox: `/support/inbox/${made.id}` };
      });
    },
    { scope: "worker" },
  ],

  as: async ({ context, session }, use) => {
    await use(async (account, portal = "support") => {
      await context.addCookies(await session(account, portal));
    });
  },

  fresh: async ({ context, playwright }, use) => {
    const made: APIRequestContext[] = [];
    await use(async (language = "de") => {
      const slug = `neu-${newID()}`;
      const gate = await playwright.request.newContext({ baseURL: origin() });
      const setUp = async (data: object) => {
        const answer = await gate.post("/_local/invoke/setup", { data: { portal: slug, ...data } });
        expect(answer.status(), await answer.text()).toBe(200);
        return (await answer.json()) as { password: string };
      };
      await setUp({ make: true });
      const email = "chefin@postern.example";
      const { password } = await setUp({ admin: { email, first: "Chris", last: "Chef", language } });
      const answer = await gate.post(`/api/v1/${slug}/session`, { data: { email, password } });
      expect(answer.status()).toBe(204);
      const { cookies } = await gate.storageState();
      await gate.dispose();
      await context.addCookies(cookies);
      const api = await playwright.request.newContext({
        baseURL: origin(),
        storageState: { cookies, origins: [] },
        extraHTTPHeaders: { Accept: "application/json" },
      });
      made.push(api);
      return { slug, path: (rest) => `/${slug}/${rest}`, cookies, api };
    });
    for (const api of made) await api.dispose();
  },

  expected: [[], { option: true }],

  // Errors in the console, uncaught exceptions and refusals of the content
  // security policy fail the test, whatever it looks at.
  watch: async ({ expected }, use) => {
    const complaints: string[] = [];
    const answers = new Map<string, number>(); // of pages that are errors themselves
    await use(async (context) => {
      await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => {
          console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`);
        });
      });
      context.on("response", (response) => {
        if (response.request().isNavigationRequest()) answers.set(response.url(), response.status());
      });
      context.on("console", (message) => {
        if (message.type() !== "error") return;
        if (message.text().startsWith("Failed to load resource") && (answers.get(message.location().url) ?? 0) >= 400) return;
        complaints.push(`${message.text()} (${message.location().url})`);
      });
      context.on("weberror", (error) => complaints.push(String(error.error())));
    });
    expect(complaints.filter((text) => !expected.some((pattern) => pattern.test(text)))).toEqual([]);
  },
  watched: [
    async ({ context, watch }, use) => {
      await watch(context);
      await use();
    },
    { auto: true },
  ],
});

function origin(): string {
  return process.env["POSTERN_URL"]!;
}

/** The company's tickets that purposes are given, newest first: ordinary ones
    with a subject that a test can search for, in the same order whatever other
    tests did. */
async function writable(manager: APIRequestContext): Promise<Listed[]> {
  const all: Listed[] = [];
  for (let cursor = ""; ; ) {
    const answer = await manager.get("/api/v1/support/tickets", {
      params: { view: "company", sort: "-created", limit: 100, ...(cursor ? { cursor } : {}) },
    });
    expect(answer.status()).toBe(200);
    const page = (await answer.json()) as { tickets: Listed[]; next: string | null };
    all.push(...page.tickets);
    if (!page.next) break;
    cursor = page.next;
  }
  const ordinary = all.filter(
    ({ id, subject }) => !id.includes("samp1e") && !/Repar|Tagebuch/.test(subject) && /^[\x20-\x7eäöüÄÖÜß]{1,80}$/.test(subject),
  );
  expect(ordinary.length).toBeGreaterThanOrEqual(purposes.length);
  return ordinary;
}

/** Answers a ticket of support as somebody else would, elsewhere. */
export function reply(api: APIRequestContext, ticket: string, text: string, id = newID()) {
  return api.post(`/api/v1/support/tickets/${ticket}/replies`, { data: { id, text } });
}

function newID(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 26);
}

export type Language = "de" | "en";

/** A text of the portal in the language. */
export function say(language: Language, key: keyof typeof en, values: Record<string, string> = {}): string {
  const catalog: Record<string, string> = language === "de" ? de : en;
  const words = { ticket: language === "de" ? "Ticket" : "ticket", tickets: language === "de" ? "Tickets" : "tickets", Ticket: "Ticket", Tickets: "Tickets" };
  return catalog[key]!.replace(/\{(\w+)\}/g, (whole, name: string) => ({ ...words, ...values })[name] ?? whole);
}

/** Signs in as a person does, in a session of this browser's own. */
export async function signIn(page: Page, account: Account, language: Language = "de"): Promise<void> {
  await page.getByLabel(say(language, "signIn.email")).fill(emails[account]);
  await page.getByLabel(say(language, "signIn.password"), { exact: true }).fill(password);
  await page.getByRole("button", { name: say(language, "signIn.submit"), exact: true }).click();
}

/** The links that were mailed to the address, oldest first. */
export async function links(request: APIRequestContext, email: string): Promise<{ mail: Mail; url: string }[]> {
  const answer = await request.get("/_local/mail.json");
  const { mail } = (await answer.json()) as { mail: Mail[] };
  return mail
    .filter((m) => m.to.some((to) => to.includes(email)))
    .map((m) => ({ mail: m, url: /https?:\/\/\S+\/link\/\S+/.exec(m.text)?.[0] ?? "" }))
    .filter((m) => m.url !== "")
    .reverse();
}

/** The n-th link that the address gets, once it has come. */
export async function mailed(request: APIRequestContext, email: string, n = 1) {
  await expect.poll(() => links(request, email).then((all) => all.length)).toBe(n);
  return (await links(request, email))[n - 1]!;
}

/** The page does not scroll sideways. */
export async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), "scrolls sideways").toBeLessThanOrEqual(0);
}

/** The page fits, and has no violation of WCAG 2.2 AA that axe can tell. What
    an open menu lies over may be covered in part; where it ends depends on the
    data, so then only the menu's own targets are measured. */
export async function accessible(page: Page): Promise<void> {
  await fits(page);
  const axe = () => new AxeBuilder({ page });
  const all = axe().withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]);
  const menu = "[data-menu][open]";
  const results = (await page.locator(menu).count())
    ? [await all.disableRules(["target-size"]).analyze(), await axe().include(menu).withRules(["target-size"]).analyze()]
    : [await all.analyze()];
  const violations = results.flatMap((result) => result.violations);
  expect(violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => n.html).join("\n")}`)).toEqual([]);
}

/** What the box is for: a customer's reply, the team's answer or its comment. */
type Label = "reply.label" | "inbox.reply.label" | "inbox.comment.label";

/** The reply's text: a field until it is used, the editor then. */
export function box(page: Page, language: Language = "de", label: Label = "reply.label"): Locator {
  return page.getByRole("textbox", { name: say(language, label), exact: true });
}

/** Types into the reply box, in the editor. */
export async function write(page: Page, text: string, language: Language = "de", label: Label = "reply.label"): Promise<void> {
  await box(page, language, label).click();
  await expect(page.getByRole("toolbar", { name: say(language, "reply.toolbar") })).toBeVisible();
  await page.keyboard.type(text);
}

export async function send(page: Page, language: Language = "de"): Promise<void> {
  await page.getByRole("button", { name: say(language, "reply.send") }).click();
  await expect(page.getByText(say(language, "detail.sent"))).toBeVisible();
  await page.waitForLoadState(); // until its script has run
}

/** The conversation's messages, oldest first. */
export function messages(page: Page): Locator {
  return page.getByRole("region", { name: /^(Verlauf|Conversation)$/ }).getByRole("article");
}

/** The events of the conversation. */
export function events(page: Page): Locator {
  return page.getByRole("region", { name: /^(Verlauf|Conversation)$/ }).getByRole("listitem").filter({ hasNot: page.getByRole("article") });
}

/** A mail that the portal has sent. */
export interface Mail {
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  headers: { name: string; value: string }[];
}

/** The mails about the ticket to the account that hold the text, newest first. */
export async function mails(request: APIRequestContext, ticket: Task, to: Account, text: string): Promise<Mail[]> {
  const answer = await request.get("/_local/mail.json");
  const { mail } = (await answer.json()) as { mail: Mail[] };
  return mail.filter(
    (one) => one.subject.startsWith(`[#${ticket.number}] `) && one.to.some((address) => address.includes(emails[to])) && one.text.includes(text),
  );
}

/** The names and encrypted texts of the drafts that this browser keeps. */
export function drafts(page: Page): Promise<[string, string][]> {
  return page.evaluate(() =>
    Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i)!)
      .filter((name) => name.startsWith("postern-draft:"))
      .map((name): [string, string] => [name, localStorage.getItem(name)!]),
  );
}

/** One pixel. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
