// What customers see of tickets: their word, a filter, columns and names, set by drag, by
// keyboard and without script.
import type { Locator, Page } from "@playwright/test";
import { accessible, expect, fits, say, test, type Fresh, type Language } from "./portal";

const form = (page: Page) => page.locator("form[data-settings]");
const columns = (page: Page) => page.locator("#columns");
const saveButton = (page: Page, language: Language = "de") => page.getByRole("button", { name: say(language, "button.save"), exact: true });
const preview = (page: Page) => page.getByRole("region", { name: say("de", "settings.columns.preview") }).getByRole("columnheader");
const recommended = ["subject", "requested_by", "created_at", "owner", "last_activity_at", "status"];

/** What the form would send of the columns, in the order of the page. */
const order = (page: Page) => columns(page).locator("select").evaluateAll((all) => all.map((s) => (s as HTMLSelectElement).value));

/** Presses a button of the form, whose answer takes its place. */
async function press(page: Page, button: Locator): Promise<void> {
  await button.focus();
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await page.keyboard.press("Enter");
  await answer;
  await expect(form(page)).not.toHaveAttribute("aria-busy", "true");
}

/** Chooses an option on which other fields depend. */
async function choose(page: Page, select: Locator, value: string): Promise<void> {
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await select.selectOption(value);
  await answer;
  await expect(form(page)).not.toHaveAttribute("aria-busy", "true");
}

async function settings(portal: Fresh): Promise<Record<string, unknown>> {
  const answer = await portal.api.get(`/api/v1/${portal.slug}/settings`);
  return (await answer.json()) as Record<string, unknown>;
}

async function change(portal: Fresh, settings: object): Promise<void> {
  const url = `/api/v1/${portal.slug}/settings`;
  const etag = (await portal.api.get(url)).headers()["etag"]!;
  const answer = await portal.api.patch(url, { data: settings, headers: { "If-Match": etag } });
  expect(answer.status(), await answer.text()).toBe(200);
}

test("columns are ordered by dragging them", async ({ page, fresh }) => {
  const portal = await fresh();
  await page.setViewportSize({ width: 1280, height: 1800 });
  await page.emulateMedia({ reducedMotion: "reduce" }); // rows that move by themselves are not where they were
  await page.goto(portal.path("settings/tickets"));
  expect(await order(page)).toEqual(recommended);
  const rows = columns(page).getByRole("listitem");
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await rows.nth(5).locator("[data-handle]").hover();
  await page.mouse.down();
  const to = (await rows.nth(1).boundingBox())!;
  await page.mouse.move(to.x + 20, to.y + to.height, { steps: 8 });
  // Browsers say now and then what is dragged over, and not at every move.
  let still = 0;
  await expect
    .poll(async () => {
      await page.mouse.move(to.x + 20, to.y + 5 + (still++ % 2));
      return (await order(page)).indexOf("status");
    })
    .toBe(1);
  await page.mouse.up();
  await answer;
  await expect(preview(page)).toHaveText(["Betreff", "Status", "Angefragt von", "Erstellt", "Zuständig", "Letzte Aktivität"]);
  expect(await order(page)).toEqual(["subject", "status", "requested_by", "created_at", "owner", "last_activity_at"]);
  await saveButton(page).click();
  await expect(page.getByText(say("de", "settings.saved"))).toBeVisible();
  expect(await order(page)).toEqual(["subject", "status", "requested_by", "created_at", "owner", "last_activity_at"]);
});

test("columns are ordered by keyboard", async ({ page, as }) => {
  await as("admin"); // nothing is saved
  await page.goto("/support/settings/tickets");
  const button = (key: "rows.up" | "rows.down", of: string) => page.getByRole("button", { name: `${say("de", key)}: ${of}`, exact: true });
  await press(page, button("rows.up", "Status"));
  // The focus stays on the button of the row, so that it can go on.
  await expect(button("rows.up", "Status")).toBeFocused();
  await press(page, button("rows.up", "Status"));
  expect(await order(page)).toEqual(["subject", "requested_by", "created_at", "status", "owner", "last_activity_at"]);
  await press(page, button("rows.down", "Betreff"));
  await press(page, button("rows.up", "Betreff"));
  // At the top there is nothing to go up to: the focus is on the way down.
  await expect(button("rows.down", "Betreff")).toBeFocused();
  expect(await order(page)).toEqual(["subject", "requested_by", "created_at", "status", "owner", "last_activity_at"]);
});

test("columns are added and taken out by keyboard", async ({ page, fresh }) => {
  const portal = await fresh();
  await page.goto(portal.path("settings/tickets"));
  await press(page, page.getByRole("button", { name: `${say("de", "rows.remove")}: Zuständig`, exact: true }));
  expect(await order(page)).toEqual(["subject", "requested_by", "created_at", "last_activity_at", "status"]);

  await press(page, page.getByRole("button", { name: say("de", "settings.columns.add") }));
  await choose(page, columns(page).locator("select").last(), "priority");
  const heading = columns(page).getByRole("textbox", { name: `${say("de", "settings.columns.label")} (Deutsch)` }).last();
  await expect(heading).toHaveAttribute("placeholder", "Priorität");
  await heading.fill("Wie dringend");
  await heading.press("Tab");
  await expect(preview(page).last()).toHaveText("Wie dringend");
  await saveButton(page).click();
  await expect(page.getByText(say("de", "settings.saved"))).toBeVisible();
  expect((await settings(portal))["columns"]).toContainEqual({ property: "priority", label: { de: "Wie dringend" } });

  await press(page, page.getByRole("button", { name: say("de", "settings.columns.reset") }));
  expect(await order(page)).toEqual(recommended);
});

test("there are no more columns than a list can show", async ({ page, fresh }) => {
  const portal = await fresh();
  await page.goto(portal.path("settings/tickets"));
  const add = page.getByRole("button", { name: say("de", "settings.columns.add") });
  for (let n = recommended.length; n < 10; n++) await press(page, add);
  await expect(add).toHaveAttribute("aria-disabled", "true");
  await expect(page.getByText(say("de", "settings.columns.full", { max: "10" }))).toBeVisible();
  // Those without a property are refused, each beside its row, and nothing is lost.
  await saveButton(page).click();
  await expect(page.locator("[id='columns.6'] .error")).toHaveText(say("de", "settings.error.property"));
  expect(await order(page)).toEqual([...recommended, "", "", "", ""]);
  await accessible(page);
});

test("a filter is put together, and says what it hides", async ({ page, as }) => {
  await as("admin"); // nothing is saved
  await page.goto("/support/settings/tickets");
  const visible = page.locator("#visible");
  await press(page, visible.getByRole("button", { name: say("de", "settings.filter.and") }));
  await choose(page, visible.getByLabel(say("de", "settings.filter.property")).last(), "priority");
  await choose(page, visible.getByLabel(say("de", "settings.filter.op")).last(), "any_of");
  await expect(page.locator(".filter-count")).toHaveText(say("de", "settings.visible.unfinished"));
  await visible.getByRole("checkbox", { name: say("de", "priority.high") }).check();
  await press(page, visible.getByRole("button", { name: say("de", "settings.filter.or") }));
  await choose(page, visible.getByLabel(say("de", "settings.filter.property")).last(), "subject");
  await choose(page, visible.getByLabel(say("de", "settings.filter.op")).last(), "contains");
  await visible.getByLabel(say("de", "settings.filter.value"), { exact: true }).last().fill("Scanner");
  await expect(visible.getByRole("checkbox", { name: say("de", "priority.high") })).toBeChecked();
  await press(page, page.getByRole("button", { name: say("de", "settings.filter.or") }));
  await press(page, visible.getByRole("button", { name: say("de", "settings.filter.remove") }).last());
  await expect(page.locator(".filter-count")).toHaveText(/Für Kunden verborgen: \d+ der neuesten 200/);
  await press(page, page.getByRole("button", { name: say("de", "settings.visible.count", { count: "1.000" }) }));
  await expect(page.locator(".filter-count")).toHaveText(/Für Kunden verborgen: \d+ (aller \d+|der neuesten 1\.000) Tickets/);
  await accessible(page);
});

test("a word takes its place everywhere, and the form's header where that is wanted", async ({ page, fresh }) => {
  const portal = await fresh();
  await change(portal, { support_form: { header: { de: "Neues Ticket" } } });
  await page.goto(portal.path("settings/tickets"));
  const one = page.getByLabel(`${say("de", "settings.words.singular")} (Deutsch)`);
  const many = page.getByLabel(`${say("de", "settings.words.plural")} (Deutsch)`);
  await one.fill("Vorgang");
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await one.press("Tab");
  await page.keyboard.type("Vor");
  await answer;
  await expect(form(page)).not.toHaveAttribute("aria-busy", "true");
  // Who types while the form changes goes on where they were.
  await page.keyboard.type("gänge");
  await expect(many).toHaveValue("Vorgänge");
  await many.press("Tab");
  await expect(page.getByText("Noch keine Vorgänge.")).toBeVisible();
  const adapt = page.getByRole("checkbox", { name: say("de", "settings.words.header.adapt", { text: "Neues Ticket" }) });
  await expect(adapt).not.toBeChecked();
  await saveButton(page).click();
  await expect(page.getByText(say("de", "settings.saved"))).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Vorgänge" })).toBeVisible();
  expect(((await settings(portal))["support_form"] as { header: object }).header).toEqual({ de: "Neues Ticket" });
  await adapt.check();
  const text = page.getByLabel(say("de", "settings.words.header.text"));
  await expect(text).toHaveValue("Neues Vorgang");
  await accessible(page);
  await text.fill("Neuer Vorgang");
  await saveButton(page).click();
  await expect(adapt).toHaveCount(0);
  expect(((await settings(portal))["support_form"] as { header: object }).header).toEqual({ de: "Neuer Vorgang" });
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("columns and the filter are changed by their buttons", async ({ page, fresh }) => {
    const portal = await fresh();
    await page.goto(portal.path("settings/tickets"));
    await page.getByRole("button", { name: `${say("de", "rows.up")}: Status`, exact: true }).click();
    expect(await order(page)).toEqual(["subject", "requested_by", "created_at", "owner", "status", "last_activity_at"]);
    await page.getByRole("button", { name: say("de", "settings.filter.first") }).click();
    const visible = page.locator("#visible");
    await visible.getByLabel(say("de", "settings.filter.property")).selectOption("priority");
    await page.getByRole("button", { name: say("de", "settings.columns.add") }).click();
    await columns(page).locator("select").last().selectOption("number");
    await visible.getByLabel(say("de", "settings.filter.value"), { exact: true }).selectOption("high");
    await saveButton(page).click();
    await expect(page.getByText(say("de", "settings.saved"))).toBeVisible();
    const saved = await settings(portal);
    expect(saved["visible"]).toEqual([[{ property: "priority", op: "is", values: ["high"] }]]);
    expect((saved["columns"] as { property: string }[]).map((c) => c.property)).toEqual([
      "subject",
      "requested_by",
      "created_at",
      "owner",
      "status",
      "last_activity_at",
      "number",
    ]);
  });
});

for (const width of [360, 1280]) {
  for (const language of ["de", "en"] as const) {
    test.describe(`${width} px, ${language}`, () => {
      test.use({ viewport: { width, height: 800 }, locale: language === "de" ? "de-DE" : "en-GB", colorScheme: width < 720 ? "dark" : "light" });

      test("the page", async ({ page, as }) => {
        await as("admin");
        await page.goto("/support/settings/tickets");
        await expect(page.getByRole("heading", { level: 2, name: say(language, "settings.columns.title") })).toBeVisible();
        await accessible(page);
        await fits(page);
      });
    });
  }
}
