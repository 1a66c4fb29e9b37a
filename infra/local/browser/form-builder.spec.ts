// Forms: built with their questions, groups, conditions and rules, by mouse, keyboard and
// without script, and filled in by somebody as they were built.
import type { FrameLocator, Locator, Page } from "@playwright/test";
import { accessible, expect, fits, say, test, type Fresh } from "./portal";

const rows = (page: Page): Locator => page.locator("#questions > .rows-list > li");
const preview = (page: Page): FrameLocator => page.frameLocator("iframe[data-preview]");
const row = (page: Page, name: string): Locator => rows(page).filter({ has: page.locator(`input[name$=".name"][value="${name}"]`) });

/** What the questions are called, in their order; nothing while the page is loaded anew, as it is where a button is pressed before the script is there. */
const order = (page: Page): Promise<string[]> =>
  rows(page)
    .locator("> .rows-fields > details > summary > b")
    .allTextContents()
    .catch(() => []);

async function save(page: Page, language: "de" | "en" = "de"): Promise<void> {
  await page.locator("[data-save-bar]").getByRole("button", { name: say(language, "button.save") }).click();
  await expect(page.getByText(say(language, "settings.saved"))).toBeVisible();
}

async function made(page: Page, portal: Fresh, name: string, from?: string, language: "de" | "en" = "de"): Promise<void> {
  await page.goto(portal.path("settings/forms"));
  await page.getByLabel(say(language, "builder.name")).fill(name);
  if (from) await page.getByLabel(say(language, "builder.from"), { exact: true }).selectOption(from);
  await page.getByRole("button", { name: say(language, "builder.make") }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
}

async function add(page: Page, what: string, question = ""): Promise<void> {
  const before = await rows(page).count();
  await page.locator("#_add").selectOption(what);
  await page.locator("#_question").fill(question);
  await page.getByRole("button", { name: say("de", "builder.add.field") }).click();
  await expect(rows(page)).toHaveCount(before + 1);
}

test("a form is built, and filled in as it was built", async ({ page, fresh, browser, watch }) => {
  test.slow();
  const portal = await fresh();
  await portal.api.patch(`/api/v1/${portal.slug}/settings`, { data: { active: true }, headers: { "If-Match": "*" } });
  await made(page, portal, "Rückrufe");
  await add(page, "own:select", "Worum geht es?");
  const topic = row(page, "worum_geht_es");
  await topic.locator('[id$="options.0.label.de"]').fill("Rechnung");
  await topic.locator('[id$="options.0.label.en"]').fill("Invoice");
  await topic.locator('[id$="options.1.label.de"]').fill("Lieferung");
  await topic.locator('[id$="options.1.label.en"]').fill("Delivery");
  await add(page, "own:text", "Welche Rechnung?");
  const invoice = row(page, "welche_rechnung");
  await invoice.getByRole("button", { name: say("de", "settings.filter.first") }).click();
  await invoice.locator('[id$=".property"]').selectOption("worum_geht_es");
  await invoice.locator('[id$=".value"]').selectOption({ label: "Rechnung" });

  // The preview follows what is typed, and what is pressed.
  await expect(preview(page).getByText("Welche Rechnung?")).toBeVisible();
  await page.locator('[id="title.de"]').fill("Wir rufen zurück");
  await expect(preview(page).getByRole("heading", { level: 1 })).toHaveText("Wir rufen zurück");

  await page.getByRole("switch", { name: say("de", "builder.public"), exact: true }).check();
  // As anyone sees it, it asks who they are; the focus stays where it was.
  await expect(preview(page).getByLabel("E-Mail-Adresse")).toHaveCount(0);
  await expect(page.getByRole("button", { name: say("de", "builder.preview.anyone") })).toHaveCount(0);
  await page.getByRole("button", { name: say("de", "builder.rules.add") }).click();
  const anyoneSees = page.getByRole("button", { name: say("de", "builder.preview.anyone") });
  await anyoneSees.click();
  await expect(preview(page).getByLabel("E-Mail-Adresse")).toBeVisible();
  await expect(anyoneSees).toBeFocused();
  await page.locator('[id="rules.0.when.0.0.property"]').selectOption("worum_geht_es");
  await page.locator('[id="rules.0.when.0.0.value"]').selectOption({ label: "Rechnung" });
  await page.locator('[id="rules.0.priority"]').selectOption("high");
  await save(page);
  await expect(page.getByRole("link", { name: say("de", "builder.version", { number: "1" }) })).toBeVisible();

  const theirs = await browser.newContext({ locale: "de-DE" });
  await watch(theirs);
  const anyone = await theirs.newPage();
  await anyone.goto(portal.path("embed/rueckrufe"));
  await expect(anyone.getByRole("heading", { level: 1 })).toHaveText("Wir rufen zurück");
  const asked = anyone.getByLabel("Welche Rechnung?");
  await expect(asked).toBeHidden();
  await anyone.getByLabel("Worum geht es?", { exact: false }).last().selectOption({ label: "Rechnung" });
  await expect(asked).toBeVisible();
  await theirs.close();
});

test("questions are ordered by dragging them, across headings too", async ({ page, fresh }) => {
  const portal = await fresh();
  await page.setViewportSize({ width: 1280, height: 1800 });
  await page.emulateMedia({ reducedMotion: "reduce" });
  await made(page, portal, "Reihenfolge");
  await page.getByRole("button", { name: say("de", "builder.add.heading") }).click();
  const heading = rows(page).last();
  await heading.getByLabel(`${say("de", "builder.heading")} (Deutsch)`).fill("Anlagen");
  await save(page);
  const before = await order(page);
  expect(before.at(-1)).toBe("Anlagen");
  const last = before.length - 1;
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await rows(page).nth(last - 1).locator("[data-handle]").first().hover();
  await page.mouse.down();
  const to = (await rows(page).nth(last).boundingBox())!;
  await page.mouse.move(to.x + 20, to.y, { steps: 8 });
  let still = 0;
  await expect
    .poll(async () => {
      await page.mouse.move(to.x + 20, to.y + to.height - 5 + (still++ % 2));
      return (await order(page)).indexOf("Anlagen");
    })
    .toBe(last - 1);
  await page.mouse.up();
  await answer;
  await save(page);
  expect((await order(page)).slice(-2)).toEqual(["Anlagen", before[last - 1]]);
  await expect(preview(page).getByRole("group", { name: "Anlagen" }).getByText(before[last - 1]!).first()).toBeVisible();
});

test("by keyboard alone", async ({ page, fresh }) => {
  const portal = await fresh();
  await made(page, portal, "Tasten");
  const first = await order(page);
  const up = page.getByRole("button", { name: `${say("de", "rows.up")}: ${first[1]!}`, exact: true });
  await up.focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => order(page)).toEqual([first[1], first[0], ...first.slice(2)]);
  await expect(page.getByRole("button", { name: `${say("de", "rows.down")}: ${first[1]!}`, exact: true })).toBeFocused();
  // Enter in the field of a new question adds it, and leads to it.
  await page.locator("#_question").focus();
  await page.keyboard.type("Wie dringend ist es?");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Wie dringend ist es?").first()).toBeVisible();
  expect((await order(page)).at(-1)).toBe("Wie dringend ist es?");
});

test("what is wrong is said beside its question, and nothing is lost", async ({ page, fresh, expected }) => {
  expected.push(/422/);
  const portal = await fresh();
  await made(page, portal, "Fehler");
  await add(page, "own:text", "Kundennummer");
  const question = row(page, "kundennummer");
  await question.getByText(say("de", "builder.limits")).click();
  await question.locator('[id$=".pattern"]').fill("[");
  await page.locator("#redirect").fill("www.firma.de");
  await page.locator("[data-save-bar]").getByRole("button", { name: say("de", "button.save") }).click();
  await expect(question.getByText(say("de", "form.wrong.pattern"))).toBeVisible();
  await expect(page.locator("#redirect")).toHaveValue("www.firma.de");
  await page.getByRole("link", { name: say("de", "form.wrong.pattern") }).click();
  await expect(question.locator('[id$=".pattern"]')).toBeFocused();
  await page.locator("iframe[data-preview]").evaluate((frame) => frame.remove());
  await accessible(page);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a form is built all the same", async ({ page, fresh }) => {
    const portal = await fresh();
    await made(page, portal, "Ohne Skript", "_nothing");
    await page.locator("#_add").selectOption("ticket:subject");
    await page.getByRole("button", { name: say("de", "builder.add.field") }).click();
    await expect(rows(page)).toHaveCount(2);
    await page.getByRole("button", { name: `${say("de", "rows.up")}: Betreff` }).click();
    expect((await order(page))[0]).toBe("Betreff");
    await page.getByRole("button", { name: say("de", "button.save") }).last().click();
    await expect(page.getByText(say("de", "settings.saved"))).toBeVisible();
    expect((await order(page))[0]).toBe("Betreff");
  });
});

for (const [language, width, colorScheme] of [["de", 360, "dark"], ["en", 1280, "light"]] as const) {
  test.describe(`${language}, ${width} px, ${colorScheme}`, () => {
    test.use({ colorScheme, viewport: { width, height: 900 } });

    test("the pages are accessible and fit", async ({ page, fresh }) => {
      const portal = await fresh(language);
      await page.goto(portal.path("settings/forms"));
      await accessible(page);
      await made(page, portal, "Everything", undefined, language);
      await page.getByRole("button", { name: say(language, "builder.rules.add") }).click();
      await expect(page.locator('[id="rules.0.when.0.0.property"]')).toBeVisible();
      await page.locator("details.rows-fold").evaluateAll((folds) => folds.forEach((fold) => ((fold as HTMLDetailsElement).open = true)));
      await fits(page);
      // In the preview nothing runs, axe no more than anything else.
      await page.locator("iframe[data-preview]").evaluate((frame) => frame.remove());
      await accessible(page);
    });
  });
}
