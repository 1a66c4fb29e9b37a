// Exports: the file at once, one that is made while nobody waits, and what its maker is
// told.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { accessible, expect, fits, say, test } from "./portal";

test("a list is exported as it is shown", async ({ page, as }) => {
  await as("customer");
  const arrives = page.waitForEvent("download");
  await page.goto("/support/tickets/export.csv?view=company&status=closed&sort=created").catch(() => undefined); // a download is no page
  const download = await arrives;
  expect(download.suggestedFilename()).toMatch(/^support-Tickets-\d{4}-\d\d-\d\d\.csv$/);
  const text = readFileSync(await download.path(), "utf8");
  expect(text.startsWith("\ufeffBetreff,")).toBe(true);
  expect(text.split("\r\n").length).toBeGreaterThan(5);
});

test("what is asked wrongly is said", async ({ page, as, expected }) => {
  expected.push(/422/);
  await as("customer");
  await page.goto("/support/tickets/export.csv?status=old");
  await expect(page.getByText(say("de", "error.invalid"))).toBeVisible();
  await accessible(page);
});

for (const [what, javaScriptEnabled, width, account, lang] of [
  ["", true, 1280, "customer", "de"],
  ["on a phone without script", false, 360, "stranger", "en"],
] as const) {
  test.describe(`a large file ${what}`, () => {
    test.use({ javaScriptEnabled, viewport: { width, height: 780 } });

    test("is made while nobody waits, and told of by mail", async ({ page, as, api, request }) => {
      await as(account);
      const begun = await (await api(account)).get("/api/v1/support/tickets/export.csv?status=all", { headers: { Prefer: "respond-async", "Accept-Encoding": "gzip" } });
      expect(begun.status()).toBe(202);
      const { id, state } = (await begun.json()) as { id: string; state: string };
      expect(state).toBe("running");
      await page.goto(`/support/exports/${id}`);
      await expect(page.getByRole("heading", { level: 1, name: say(lang, "exports.title") })).toBeVisible();
      // Without a hand on it, by script or by the page's own asking.
      const link = page.getByRole("link", { name: say(lang, "exports.download") });
      await expect(link).toBeVisible({ timeout: 30_000 });
      await expect(page.getByText(say(lang, "exports.ready"))).toBeVisible();
      await fits(page);
      if (javaScriptEnabled) await accessible(page);
      const arrives = page.waitForEvent("download");
      await link.click();
      const download = await arrives;
      expect(download.suggestedFilename()).toMatch(/^support-Tickets-\d{4}-\d\d-\d\d\.csv$/);
      const sent = readFileSync(await download.path());
      const file = sent[0] === 0x1f ? gunzipSync(sent) : sent;
      expect(file.toString("utf8").startsWith(lang === "de" ? "\ufeffBetreff," : "\ufeffSubject,")).toBe(true);

      await expect(async () => {
        expect(await (await request.get("/_local/mail.json")).text()).toContain(`/support/exports/${id}`);
      }).toPass({ timeout: 30_000 });
    });
  });
}

test.describe("what is another's", () => {
  test.use({ expected: [/404/] });

  test("an export is its maker's alone, and says when it is gone", async ({ page, as, api }) => {
    const begun = await (await api("customer")).get("/api/v1/support/tickets/export.csv", { headers: { Prefer: "respond-async" } });
    const { id } = (await begun.json()) as { id: string };
    await as("manager");
    await page.goto(`/support/exports/${id}`);
    await expect(page.getByText(say("de", "exports.error.gone"))).toBeVisible();
    await accessible(page);
  });
});
