// The API's page, to read on a wide screen in German and on a phone in English.
import { accessible, expect, fits, say, test, type Language } from "./portal";

const screens = [
  { name: "wide, German, light", language: "de" as Language, use: {} },
  {
    name: "phone, English, dark",
    language: "en" as Language,
    use: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "en-GB", colorScheme: "dark" as const },
  },
];

for (const { name, language, use } of screens) {
  test.describe(name, () => {
    test.use(use);

    test("the API's page", async ({ page }) => {
      test.slow(); // the page is long, and axe looks at all of it
      const foreign: string[] = [];
      page.on("request", (request) => {
        if (new URL(request.url()).origin !== new URL(page.url()).origin && page.url() !== "about:blank") foreign.push(request.url());
      });
      const violations: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") violations.push(message.text());
      });
      await page.goto("/api/v1/docs");
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await expect(page.getByRole("link", { name: say(language, "docs.document") })).toBeVisible();
      await accessible(page);
      await fits(page);

      // From the contents to an operation, whose address can be passed on.
      const contents = page.getByRole("region", { name: say(language, "docs.contents") });
      const fold = contents.locator("summary");
      if (await fold.isVisible()) await fold.click();
      await contents.getByRole("link", { name: "Close a ticket" }).click();
      await expect(page).toHaveURL(/#closeTicket$/);
      const operation = page.locator("#closeTicket");
      await expect(operation).toBeInViewport();
      await expect(operation).toContainText("/api/v1/{portal}/tickets/{ticket}/close");
      await expect(operation.locator("pre").first()).toContainText('"S200 verliert zwischen Halle 2 und 3 das WLAN"');
      // On to what it answers with, and back.
      await operation.getByRole("link", { name: "409" }).click();
      await expect(page.locator("#answer-Conflict")).toBeInViewport();
      await page.goBack();
      await expect(operation).toBeInViewport();
      expect(foreign).toEqual([]);
      expect(violations).toEqual([]);
    });
  });
}
