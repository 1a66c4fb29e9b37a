// A copy of one's data, and asking for its erasure. manager and stranger ask for it
// here; nobody else's tests count their tickets.
import { readFileSync } from "node:fs";
import { accessible, expect, fits, say, test } from "./portal";

interface Copy {
  complete: boolean;
  about: { profile: { email: string }; sessions: { current: boolean }[] };
  tickets: { id: string; messages: unknown[] }[];
}

test("a copy is downloaded from the account, by keyboard", async ({ page, as }) => {
  await as("customer");
  await page.goto("/support/account");
  await page.getByRole("link", { name: say("de", "account.data.show") }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: say("de", "personalData.title") })).toBeVisible();
  await accessible(page);
  const arrives = page.waitForEvent("download");
  await page.getByRole("link", { name: say("de", "personalData.copy.download") }).focus();
  await page.keyboard.press("Enter");
  const download = await arrives;
  expect(download.suggestedFilename()).toMatch(/^support-\d{4}-\d\d-\d\d\.json$/);
  const copy = JSON.parse(readFileSync(await download.path(), "utf8")) as Copy;
  expect(copy.complete).toBe(true);
  expect(copy.about.profile.email).toBe("customer@nordwind.example");
  expect(copy.about.sessions.some((s) => s.current)).toBe(true);
  expect(copy.tickets.length).toBeGreaterThan(5);
  expect(copy.tickets.find((t) => t.id === "01kjsjw9m3samp1e0000000108")?.messages.length).toBeGreaterThan(100);
});

/** Asks for erasure, and ends with it closed, so that another run can ask again. */
for (const [what, javaScriptEnabled, width, account, lang] of [
  ["", true, 1280, "manager", "de"],
  ["on a phone without script", false, 360, "stranger", "en"],
] as const) {
  test.describe(`erasure ${what}`, () => {
    test.use({ javaScriptEnabled, viewport: { width, height: 780 } });

    test("is asked for once at a time", async ({ page, as, api }) => {
      await as(account);
      await page.goto("/support/account/data");
      if (javaScriptEnabled) await accessible(page);
      await fits(page);
      const submit = page.getByRole("button", { name: say(lang, "personalData.erasure.submit") });
      await page.getByLabel(say(lang, "personalData.erasure.reason")).fill("Wir wechseln.");
      await submit.click();
      await expect(page.getByText(say(lang, "personalData.error.understood"))).toBeVisible();
      await expect(page.getByLabel(say(lang, "personalData.erasure.reason"))).toHaveValue("Wir wechseln.");
      await page.getByLabel(say(lang, "personalData.erasure.understood")).check();
      await submit.click();
      await expect(page).toHaveURL(/done=asked$/);
      await expect(submit).toHaveCount(0);
      await fits(page);
      if (javaScriptEnabled) await accessible(page);
      const asker = await api(account);
      const copy = (await (await asker.get("/api/v1/support/account/data")).json()) as { about: { erasure: { ticket: { id: string; number: number } } } };
      const ticket = copy.about.erasure.ticket;
      await expect(page.locator("main, .banner").getByText(String(ticket.number)).first()).toBeVisible();
      const again = await asker.post("/api/v1/support/account/erasure", { data: { id: "erase" + crypto.randomUUID().replaceAll("-", "").slice(0, 20) } });
      expect(again.status()).toBe(409);

      await page.getByRole("link", { name: say(lang, "personalData.erasure.show") }).first().click();
      await expect(page.getByText("Wir wechseln.")).toBeVisible();
      expect((await asker.post(`/api/v1/support/tickets/${ticket.id}/close`)).status()).toBe(200);
      await page.goto("/support/account/data");
      await expect(submit).toBeVisible();
    });
  });
}

test("the team is told whose matter its data are", async ({ page, as }) => {
  await as("agent");
  await page.goto("/support/account/data");
  await expect(page.getByText(say("de", "personalData.erasure.team"))).toBeVisible();
  await expect(page.getByRole("button", { name: say("de", "personalData.erasure.submit") })).toHaveCount(0);
  await accessible(page);
});
