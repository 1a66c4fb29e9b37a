// The README's pictures, taken from running pages: lists first,
// before anything in them is read.
import { join } from "node:path";
import { expect, known, test, write } from "./portal";

const folder = join(import.meta.dirname, "pictures");
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

for (const colorScheme of ["light", "dark"] as const) {
  for (const [suffix, use] of [["", {}], ["-phone", phone]] as const) {
    test.describe(`${colorScheme}${suffix}`, () => {
      test.use({ colorScheme, locale: "en-GB", ...use });

      test("list", async ({ page, as }) => {
        await as("manager");
        await page.goto("/support/tickets?view=company");
        await expect(page.getByRole("row").nth(20)).toBeAttached();
        await page.screenshot({ path: join(folder, `list${suffix}-${colorScheme}.png`) });
      });
    });
  }
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`${colorScheme}, reading`, () => {
    test.use({ colorScheme, locale: "en-GB" });

    test("sign-in", async ({ page }) => {
      await page.goto("/support/sign-in");
      await page.screenshot({ path: join(folder, `sign-in-${colorScheme}.png`) });
    });

    test("inbox", async ({ page, as }) => {
      await as("admin");
      await page.setViewportSize({ width: 1280, height: 1120 });
      await page.goto(`/support/inbox/${known.stranger}#latest`);
      await expect(page.locator("[data-count=all]")).not.toBeEmpty();
      await write(page, "Has it been quiet since Monday?", "en", "inbox.reply.label");
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await page.screenshot({ path: join(folder, `inbox-${colorScheme}.png`) });
    });

    test("detail", async ({ page, as }) => {
      await as("stranger");
      await page.setViewportSize({ width: 1280, height: 1120 });
      await page.goto(`/support/tickets/${known.stranger}`);
      await write(page, "It has been quiet since Monday. ", "en");
      await page.keyboard.press("Control+b");
      await page.keyboard.type("Thank you.");
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(folder, `detail-${colorScheme}.png`) });
    });

    test.describe("phone", () => {
      test.use(phone);

      test("detail", async ({ page, as }) => {
        await as("stranger");
        await page.goto(`/support/tickets/${known.stranger}`);
        await page.screenshot({ path: join(folder, `detail-phone-${colorScheme}.png`) });
      });
    });
  });
}
