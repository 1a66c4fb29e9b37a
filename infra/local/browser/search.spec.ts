// Searching and filtering the list of tickets.
import type { Page } from "@playwright/test";
import { accessible, expect, known, test } from "./portal";

const rows = (page: Page) => page.locator("tbody tr");
const field = (page: Page) => page.getByRole("searchbox", { name: "Tickets durchsuchen" });
const own = (page: Page) => page.locator(`a[href="/support/tickets/${known.own}"]`);

/** Waits until what the sample holds is found: a new portal is indexed within a minute or two. */
test.beforeEach(async ({ api }) => {
  const customer = await api("customer");
  for (const q of ["kommissionierliste", "s200 wlan"]) {
    await expect
      .poll(
        async () => {
          const answer = await customer.get("/api/v1/support/tickets", { params: { q } });
          return ((await answer.json()) as { tickets: { id: string }[] }).tickets.map((ticket) => ticket.id);
        },
        { timeout: 240_000 },
      )
      .toContain(known.own);
  }
});

test.describe.configure({ timeout: 300_000 });

test("finds while somebody types, shows where, and goes back", async ({ page, as }) => {
  await as("customer");
  await page.goto("/support/tickets");
  const all = await rows(page).count();
  await field(page).pressSequentially("S200 wlán");
  await expect(page).toHaveURL(/\?q=S200\+wl%C3%A1n$/);
  await expect(own(page)).toBeVisible();
  await expect(own(page).locator("mark")).toHaveText(["S200", "WLAN"]);
  await expect(field(page)).toBeFocused();
  expect(await rows(page).count()).toBeLessThan(all);
  await expect(page.getByRole("status")).toHaveText(/Treffer angezeigt/);
  await accessible(page);

  await field(page).fill("kommissionierlist");
  const note = rows(page).filter({ has: own(page) }).locator(".row-note");
  await expect(note).toContainText("Nachricht: …");
  await expect(note.locator("mark").first()).toHaveText(/^kommissionierlist/i);
  await field(page).press("Enter");
  await own(page).click();
  await expect(page).toHaveURL(`/support/tickets/${known.own}`);
  await page.goBack();
  await expect(field(page)).toHaveValue("kommissionierlist");
  await expect(own(page)).toBeVisible();

  await field(page).fill("");
  await expect(page).toHaveURL("/support/tickets");
  await expect(rows(page)).toHaveCount(all);
});

test("finds nothing of what is internal, and says what to do", async ({ page, as }) => {
  await as("customer");
  for (const text of ["Wartungsvertrag", "Werkseinstellung", "Roaming-Schwelle"]) {
    await page.goto(`/support/tickets?q=${text}`); // of its comments, and of a property that is hidden
    await expect(field(page)).toHaveValue(text);
    await expect(own(page)).toHaveCount(0);
  }
  for (const text of ["INTERN-GEHEIM", "ZWEITER-FADEN", "VERBORGEN"]) {
    await page.goto(`/support/tickets?q=${text}`);
    await expect(page.getByText(`Nichts gefunden zu „${text}“.`)).toBeVisible();
    await expect(rows(page)).toHaveCount(0);
  }
  await accessible(page);
  await page.getByRole("link", { name: "Alle Tickets anzeigen" }).click();
  await expect(page).toHaveURL("/support/tickets");
  await expect(field(page)).toHaveValue("");
  await expect(rows(page).first()).toBeVisible(); // whatever others write meanwhile
});

test.describe("what cannot be asked for", () => {
  test.use({ expected: [/status of 422/] });

  test("words that are everywhere, or none, are refused at the field", async ({ page, as }) => {
    await as("customer");
    await page.goto("/support/tickets");
    const refused = page.waitForResponse((response) => response.status() === 422);
    await field(page).fill("der die");
    await refused;
    await expect(rows(page).first()).toBeVisible(); // until it is sent
    await field(page).press("Enter");
    await expect(page.getByText("Diese Wörter kommen fast überall vor. Ergänzen Sie eines, das mehr sagt.")).toBeVisible();
    await expect(field(page)).toBeFocused();
    await expect(field(page)).toHaveValue("der die");
    await expect(field(page)).toHaveAttribute("aria-invalid", "true");
    await accessible(page);
    await field(page).fill("😀 (.*)");
    await field(page).press("Enter");
    await expect(page.getByText("Geben Sie ein Wort oder eine Nummer ein.")).toBeVisible();
    await field(page).fill("s200");
    await expect(own(page)).toBeVisible();
    await expect(field(page)).not.toHaveAttribute("aria-invalid", "true");
    await expect(field(page)).toHaveAttribute("maxlength", "200");
  });

  test("a range that cannot be is refused beside its field", async ({ page, as }) => {
    await as("customer");
    await page.goto("/support/tickets");
    const filters = page.locator("[data-filters]");
    await filters.locator("> summary").click();
    await filters.locator("summary", { hasText: "Erstellt" }).click();
    const created = filters.getByRole("group", { name: "Erstellt" });
    await created.getByLabel("Von").fill("2026-05-20");
    await created.getByLabel("Bis").fill("2026-05-01");
    await filters.getByRole("button", { name: "Tickets zeigen" }).click();
    await expect(filters).toHaveAttribute("open");
    await expect(created.getByText("Das Ende darf nicht vor dem Anfang liegen.")).toBeVisible();
    await expect(created.getByLabel("Von")).toHaveValue("2026-05-20");
    await created.getByLabel("Bis").fill("2026-05-21");
    await filters.getByRole("button", { name: "Tickets zeigen" }).click();
    await expect(filters).not.toHaveAttribute("open");
    await expect(page.locator(".chip")).toHaveText([/Erstellt: 20\. Mai – 21\. Mai/]);
  });
});

test("filters by several things at once, without losing what is searched for", async ({ page, as }) => {
  await as("customer");
  await page.goto("/support/tickets?q=s200");
  const filters = page.locator("[data-filters]");
  const unfold = filters.locator("> summary");
  await unfold.click();
  await filters.locator("summary", { hasText: "Priorität" }).click();
  await filters.getByLabel("Hoch").check();
  await expect(page).toHaveURL("/support/tickets?f.priority=high&q=s200");
  await filters.getByLabel("Dringend").check();
  await expect(page).toHaveURL("/support/tickets?f.priority=high&f.priority=urgent&q=s200");
  await filters.locator("summary", { hasText: "Erstellt" }).click();
  await filters.getByRole("group", { name: "Erstellt" }).getByLabel("Zeitraum").selectOption("Dieses Jahr");
  await expect(page.locator(".chip")).toHaveText([/Erstellt: Dieses Jahr/, /Priorität: Hoch, Dringend/]);
  await expect(unfold.locator(".count")).toContainText("2");
  await expect(own(page)).toBeVisible();
  await accessible(page);
  await filters.getByRole("button", { name: "Tickets zeigen" }).click();
  await expect(filters).not.toHaveAttribute("open");
  await expect(unfold).toBeFocused();

  await page.reload();
  await expect(page.locator(".chip")).toHaveCount(2);
  await expect(field(page)).toHaveValue("s200");
  await page.getByRole("link", { name: "Filter Erstellt: Dieses Jahr entfernen" }).click();
  await expect(page.locator(".chip")).toHaveText([/Priorität: Hoch, Dringend/]);
  await page.goBack();
  await expect(page.locator(".chip")).toHaveCount(2);
  await page.getByRole("link", { name: "Alle Filter entfernen" }).click();
  await expect(page).toHaveURL("/support/tickets?q=s200");
  await expect(page.locator(".chip")).toHaveCount(0);
});

test("is done by keyboard alone", async ({ page, as }) => {
  await as("customer");
  await page.goto("/support/tickets?f.priority=high&f.subject=s200");
  await page.getByRole("link", { name: /^Filter Betreff/ }).focus();
  await page.keyboard.press("Enter");
  await expect(page.locator(".chip")).toHaveCount(1);
  await expect(page.getByRole("link", { name: /^Filter Priorität/ })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator(".chip")).toHaveCount(0);
  await expect(page.locator("[data-filters] > summary")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-filters]")).toHaveAttribute("open");
  await page.keyboard.press("Escape");
  await expect(page.locator("[data-filters]")).not.toHaveAttribute("open");
  await expect(page.locator("[data-filters] > summary")).toBeFocused();
});

test("orders by any column, and says where that is of the newest alone", async ({ page, as }) => {
  await as("customer");
  await page.goto("/support/tickets");
  const subject = page.getByRole("columnheader", { name: "Betreff" });
  await subject.getByRole("link").click();
  await expect(subject).toHaveAttribute("aria-sort", "ascending");
  const texts = () => page.locator("a.row-link").evaluateAll((links) => links.map((link) => link.lastChild!.textContent!.trim().toLowerCase()));
  const first = await texts();
  await subject.getByRole("link").click();
  await expect(subject).toHaveAttribute("aria-sort", "descending");
  const last = await texts();
  expect(first[0]!.localeCompare(last[0]!, "de")).toBeLessThan(0);
});

test("a view is saved, opens the list, and is let go of", async ({ page, fresh }) => {
  const portal = await fresh();
  const menu = page.locator("summary", { hasText: "Ansicht:" });
  await page.goto(portal.path("tickets?status=closed&columns=subject&columns=number"));
  await menu.click();
  await page.getByRole("link", { name: "Diese Ansicht speichern" }).click();
  await accessible(page);
  await page.getByRole("button", { name: "Ansicht speichern" }).click();
  await expect(page.getByText("Geben Sie einen Namen ein.")).toBeVisible();
  await page.getByLabel("Name").fill("Erledigtes");
  await page.getByLabel("Liste damit öffnen").check();
  await page.getByRole("button", { name: "Ansicht speichern" }).click();
  await expect(menu).toContainText("Erledigtes");

  await page.goto(portal.path("tickets"));
  await expect(menu).toContainText("Erledigtes");
  await expect(page.locator(".segments [aria-current]")).toHaveText("Geschlossen");
  await page.locator(".segments").getByRole("link", { name: "Alle" }).click();
  await expect(page.locator(".segments [aria-current]")).toHaveText("Alle");

  await menu.click();
  await page.getByRole("link", { name: "Ansichten verwalten" }).click();
  await accessible(page);
  await page.getByRole("link", { name: "Umbenennen" }).click();
  await page.getByLabel("Name").fill("Fertiges");
  await page.getByRole("button", { name: "Umbenennen" }).click();
  await expect(page.getByText("Ansicht gespeichert.")).toBeVisible();
  await page.getByRole("button", { name: "Liste nicht mehr damit öffnen" }).click();
  await expect(page.getByText("Liste öffnet damit")).toHaveCount(0);
  await page.getByRole("link", { name: "Fertiges" }).click();
  await expect(page).toHaveURL(portal.path("tickets?columns=subject&columns=number&status=closed"));
  await page.goto(portal.path("views"));
  await page.getByRole("button", { name: "Löschen" }).click();
  await expect(page.getByText("Es sind keine Ansichten gespeichert.")).toBeVisible();
  await accessible(page);
});

test("who is signed out meanwhile signs in and goes on with the search", async ({ page, as, context }) => {
  await as("customer");
  await page.goto("/support/tickets");
  await context.clearCookies();
  await field(page).fill("s200 wlan");
  await expect(page).toHaveURL(/\/sign-in\?next=.*q%3Ds200/);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("search and filters are forms", async ({ page, as }) => {
    await as("customer");
    await page.goto("/support/tickets?status=open");
    await field(page).fill("wlan");
    await field(page).press("Enter");
    await expect(page).toHaveURL("/support/tickets?status=open&q=wlan");
    await page.locator("[data-filters] > summary").click();
    await page.locator("[data-filters] summary", { hasText: "Priorität" }).click();
    await page.getByLabel("Hoch").check();
    await page.getByRole("button", { name: "Tickets zeigen" }).click();
    await expect(page.locator(".chip")).toHaveText([/Priorität: Hoch/]);
    await expect(own(page)).toBeVisible();
    await expect(field(page)).toHaveValue("wlan");
    await page.getByRole("link", { name: /^Filter Priorität/ }).click();
    await expect(page).toHaveURL("/support/tickets?q=wlan&status=open");
  });
});
