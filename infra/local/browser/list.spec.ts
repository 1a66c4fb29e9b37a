// The list of tickets.
import type { Page } from "@playwright/test";
import { accessible, expect, known, reply, say, test, type Portal } from "./portal";

const rows = (page: Page) => page.getByRole("table").getByRole("row").filter({ has: page.getByRole("link") }).filter({ has: page.getByRole("cell") });
const subjects = (page: Page) => rows(page).getByRole("link").allInnerTexts();
const view = (page: Page) => page.locator("summary", { hasText: /Ansicht:|View:/ });

/** The texts of a column, by its head. */
async function column(page: Page, head: string): Promise<string[]> {
  const heads = await page.getByRole("columnheader").allInnerTexts();
  const at = heads.findIndex((text) => text.startsWith(head));
  expect(at, `a column ${head} among ${heads.join(", ")}`).toBeGreaterThanOrEqual(0);
  return page.locator(`tbody tr > :nth-child(${at + 1})`).allInnerTexts();
}

test("shows what there is to know of each ticket, newest activity first", async ({ page, as }) => {
  await as("customer");
  await page.goto("/support/tickets");
  await expect(page.getByRole("heading", { level: 1, name: "Tickets" })).toBeVisible();
  const heads = page.getByRole("columnheader");
  await expect(heads).toHaveText(["Betreff", "Angefragt von", "Erstellt", "Zuständig", "Letzte Aktivität absteigend sortiert", "Status"]);
  await expect(heads.filter({ hasText: "Letzte Aktivität" })).toHaveAttribute("aria-sort", "descending");
  await expect(rows(page)).toHaveCount(25);

  const times = await page.locator("tbody td:nth-child(5) time").evaluateAll((all) => all.map((time) => (time as HTMLTimeElement).dateTime));
  expect(times).toHaveLength(25);
  expect(times).toEqual([...times].sort().reverse());

  await page.goto("/support/tickets?limit=100"); // whatever others answer meanwhile
  const row = rows(page).filter({ hasText: "S200 verliert zwischen Halle 2 und 3 das WLAN" });
  await expect(row.getByRole("cell")).toHaveText([/S200 verliert/, "Anna Brandt", /19\. Mai/, "Jonas", /heute|gestern/, "In Bearbeitung"]);
  await expect(row.locator("time").first()).toHaveAttribute("title", /, 19\. Mai 2026, \d\d:\d\d:\d\d/);

  const { width } = (await row.boundingBox())!;
  await row.click({ position: { x: width - 8, y: 8 } }); // anywhere in the row
  await expect(page).toHaveURL(`/support/tickets/${known.own}`);
});

test("can be ordered by its dates", async ({ page, as }) => {
  await as("manager");
  await page.goto("/support/tickets?view=company");
  const created = page.getByRole("columnheader", { name: "Erstellt" });
  const times = () => page.locator("tbody td:nth-child(3) time").evaluateAll((all) => all.map((time) => (time as HTMLTimeElement).dateTime));
  await created.getByRole("link").click();
  await expect(created).toHaveAttribute("aria-sort", "descending");
  const newest = await times();
  expect(newest).toEqual([...newest].sort().reverse());
  await created.getByRole("link").click();
  await expect(created).toHaveAttribute("aria-sort", "ascending");
  const oldest = await times();
  expect(oldest).toEqual([...oldest].sort());
  await expect(view(page)).toContainText("Tickets meiner Organisation");
});

test("open and closed ones can be told apart", async ({ page, as }) => {
  await as("manager");
  await page.goto("/support/tickets?view=company");
  const states = page.getByRole("navigation", { name: "Status" });
  await expect(states.getByRole("link", { name: "Alle" })).toHaveAttribute("aria-current", /./);
  const closed = /^(Gelöst|Repariert|Nicht reparabel)$/;

  await states.getByRole("link", { name: "Offen" }).click();
  await expect(states.getByRole("link", { name: "Offen" })).toHaveAttribute("aria-current", /./);
  expect((await column(page, "Status")).filter((word) => closed.test(word))).toEqual([]);

  await states.getByRole("link", { name: "Geschlossen" }).click();
  await expect(states.getByRole("link", { name: "Geschlossen" })).toHaveAttribute("aria-current", /./);
  const words = await column(page, "Status");
  expect(words).toHaveLength(25);
  expect(words.filter((word) => !closed.test(word))).toEqual([]);
  await expect(view(page)).toContainText("Tickets meiner Organisation");
});

test("pages go forward to the end and back again, each ticket once", async ({ page, as, api }) => {
  const manager = await api("manager");
  const expected: string[] = [];
  for (let cursor = ""; ; ) {
    const answer = await manager.get("/api/v1/support/tickets", {
      params: { view: "company", sort: "created", limit: 100, ...(cursor ? { cursor } : {}) },
    });
    const part = (await answer.json()) as { tickets: { id: string }[]; next: string | null };
    expected.push(...part.tickets.map((ticket) => ticket.id));
    if (!part.next) break;
    cursor = part.next;
  }
  expect(expected.length).toBeGreaterThan(75);

  await as("manager");
  await page.goto("/support/tickets?view=company&sort=created");
  const ids = () => rows(page).getByRole("link").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).pathname.split("/").pop()!));
  const pager = page.getByRole("navigation", { name: "Seiten" });
  const pages = [await ids()];
  await expect(pager.getByRole("link", { name: "Zurück" })).toHaveCount(0);
  while ((await pager.getByRole("link", { name: "Weiter" }).count()) > 0) {
    const before = page.url();
    await pager.getByRole("link", { name: "Weiter" }).click();
    await expect(page).not.toHaveURL(before);
    pages.push(await ids());
  }
  expect(pages.flat()).toEqual(expected);
  for (const before of pages.slice(0, -1).reverse()) {
    const url = page.url();
    await pager.getByRole("link", { name: "Zurück" }).click();
    await expect(page).not.toHaveURL(url);
    expect(await ids()).toEqual(before);
  }
  await expect(pager.getByRole("link", { name: "Zurück" })).toHaveCount(0);
});

test("the view menu leads to the company's tickets and back", async ({ page, as }) => {
  await as("manager");
  await page.goto("/support/tickets");
  const mine = await subjects(page);
  await expect(view(page)).toContainText("Meine Tickets");
  await view(page).click();
  await page.getByRole("link", { name: "Tickets meiner Organisation" }).click();
  await expect(view(page)).toContainText("Tickets meiner Organisation");
  expect(new Set(await column(page, "Angefragt von")).size).toBeGreaterThan(2);
  await view(page).click();
  await expect(page.getByRole("link", { name: "Tickets meiner Organisation" })).toHaveAttribute("aria-current", /./);
  await page.getByRole("link", { name: "Meine Tickets" }).click();
  await expect(view(page)).toContainText("Meine Tickets");
  expect((await subjects(page)).sort()).toEqual(mine.sort());
});

test("who belongs to no company has no view of one, and typing it explains why", async ({ page, as }) => {
  await as("solo");
  await page.goto("/support/tickets");
  await expect(rows(page).first()).toBeVisible();
  await expect(page.getByRole("link", { name: "Tickets meiner Organisation", includeHidden: true })).toHaveCount(0);
  const own = (await subjects(page)).sort();
  await page.goto("/support/tickets?view=company");
  await expect(page.getByText("Sie gehören hier zu keiner Organisation.")).toBeVisible();
  await expect(page.getByRole("table")).toHaveCount(0);
  await page.getByRole("link", { name: "Meine Tickets anzeigen" }).click();
  await expect(page).toHaveURL("/support/tickets");
  expect((await subjects(page)).sort()).toEqual(own);
});

test("a portal of own tickets only has no other view, and typing it gives nothing more", async ({ page, as }) => {
  await as("customer", "bestellungen");
  await page.goto("/bestellungen/tickets");
  const company = page.getByRole("link", { name: "Bestellungen meiner Organisation", includeHidden: true });
  await expect(company).toHaveCount(0);
  const own = await subjects(page);
  expect(own.length).toBeGreaterThan(0);
  await page.goto("/bestellungen/tickets?view=company");
  await expect(company).toHaveCount(0);
  expect(await subjects(page)).toEqual(own);
});

test("a new answer has a dot until it is read", async ({ page, as, api, ticket }) => {
  const { id, subject } = await ticket("unread");
  expect((await reply(await api("colleague"), id, "Bei mir ist es auch so.")).status()).toBe(201);
  await as("manager");
  await page.goto("/support/tickets?view=company");
  const link = page.locator(`a[href="/support/tickets/${id}"]`);
  await expect(link).toHaveAccessibleName(`Neu: ${subject}`);
  await link.click();
  await expect(page.getByText("Bei mir ist es auch so.")).toBeVisible();
  await page.getByRole("link", { name: "Alle Tickets" }).click();
  await page.goto("/support/tickets?view=company");
  await expect(link).toHaveAccessibleName(subject);
});

test("nothing open says so, and leads to all there is", async ({ page, as, api }) => {
  const solo = await api("solo");
  const answer = await solo.get("/api/v1/support/tickets?status=open");
  const { tickets } = (await answer.json()) as { tickets: { id: string }[] };
  expect(tickets.length).toBeGreaterThan(0);
  const all = (what: string) => Promise.all(tickets.map(({ id }) => solo.post(`/api/v1/support/tickets/${id}/${what}`)));
  expect((await all("close")).map((closed) => closed.status())).toEqual(tickets.map(() => 200));
  try {
    await as("solo");
    await page.goto("/support/tickets?status=open");
    await expect(page.getByText("Es ist nichts offen.")).toBeVisible();
    await expect(page.getByRole("table")).toHaveCount(0);
    await accessible(page);
    await page.getByRole("link", { name: "Alle Tickets anzeigen" }).click();
    await expect(page).toHaveURL("/support/tickets");
    await expect(rows(page).first()).toBeVisible();
  } finally {
    await all("reopen");
  }
});

test("an address that cannot be understood is refused in words", async ({ page, as }) => {
  await as("manager");
  for (const [query, text] of [
    ["status=strange", "Wählen Sie all, open oder closed."],
    ["sort=root_cause", "Diese Reihenfolge gibt es nicht."],
    ["cursor=tampered", "Dieser Link auf eine Seite der Liste gilt nicht mehr."],
  ] as const) {
    const answer = await page.goto(`/support/tickets?${query}`);
    expect(answer!.status()).toBe(422);
    await expect(page.getByText(text)).toBeVisible();
  }
  const answer = await page.goto(`/support/tickets?x=${"y".repeat(5000)}`);
  expect(answer!.status()).toBe(414);
  await expect(page.getByText("Diese Adresse ist zu lang.")).toBeVisible();
});

// Last names of the sample's team, and what never reaches a customer.
const secrets: Record<Portal, RegExp> = {
  support: /Lehmann|Katrin Sommer|Aydın|Hoffmann|Novák|Sørensen|INTERN-GEHEIM|ZWEITER-FADEN|VERBORGEN/,
  bestellungen: /Jonas|Lehmann|Katrin|Sommer|INTERN-GEHEIM|ZWEITER-FADEN|VERBORGEN/,
};

for (const portal of ["support", "bestellungen"] as const) {
  test(`nothing at ${portal} names the team otherwise than the portal wants`, async ({ page, as }) => {
    await as("customer", portal);
    await page.goto(`/${portal}/tickets${portal === "support" ? "?view=company" : ""}`);
    expect(await page.content()).not.toMatch(secrets[portal]);
    const paths = await rows(page).getByRole("link").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).pathname));
    if (portal === "support") paths.unshift(`/support/tickets/${known.own}`);
    let authors = 0;
    for (const path of paths.slice(0, 10)) {
      const answer = await page.request.get(path);
      const html = await answer.text();
      expect(html, path).not.toMatch(secrets[portal]);
      authors += html.split(portal === "support" ? "<b>Jonas</b>" : "<b>Team Versand</b>").length - 1;
    }
    expect(authors).toBeGreaterThan(0);
  });
}

test("a portal calls its tickets what it wants", async ({ page, as }) => {
  await as("customer", "bestellungen");
  await page.goto("/bestellungen/tickets");
  await expect(page).toHaveTitle(/Bestellungen/);
  await expect(page.getByRole("heading", { level: 1, name: "Bestellungen" })).toBeVisible();
  await expect(page.getByRole("columnheader")).toHaveText([
    "Betreff", "Bestellnummer", "Erstellt", "Liefertermin", "Letzte Nachricht absteigend sortiert", "Status",
  ]);
  await rows(page).getByRole("link").first().click();
  await expect(page.getByRole("link", { name: "Alle Bestellungen" })).toBeVisible();
  await expect(page.getByText(/Ticket/)).toHaveCount(0);
});

test.describe("on a phone, in English and dark", () => {
  test.use({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "en-GB", colorScheme: "dark" });

  test("the list is cards, each one link", async ({ page, as }) => {
    await as("manager");
    await page.goto("/support/tickets?view=company&limit=100"); // whatever others answer meanwhile
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    const row = rows(page).filter({ hasText: "S200 verliert zwischen Halle 2 und 3 das WLAN" });
    await expect(row.getByText("In progress")).toBeVisible();
    await expect(row.getByText("Anna Brandt")).toBeVisible();
    await expect(row.getByText("Jonas")).toBeHidden();
    const card = (await row.boundingBox())!;
    expect(card.width).toBeLessThanOrEqual(360);
    expect(card.height).toBeGreaterThanOrEqual(44);
    await accessible(page);

    await page.locator("summary", { hasText: say("en", "frame.menu") }).tap();
    await expect(page.getByRole("navigation", { name: "Main menu" }).getByRole("link", { name: "Tickets" })).toBeVisible();
    await page.keyboard.press("Escape");
    await row.tap({ position: { x: card.width - 20, y: card.height - 8 } });
    await expect(page).toHaveURL(`/support/tickets/${known.own}`);
  });
});
