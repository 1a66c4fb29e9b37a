// A second factor: an authenticator app is set up, asked for, lost and removed. Who
// does is a contact that no other test signs in as.
import { createHmac } from "node:crypto";
import type { Page } from "@playwright/test";
import { accessible, expect, fits, mailed, say, test } from "./portal";

const email = "uwe.harders@hafenkante.example";

/** What an authenticator app shows for the secret now (RFC 6238). */
function code(secret: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(/\s/g, "")].map((c) => letters.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const at = hash[19]! & 15;
  return ((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).toString().padStart(6, "0");
}

const heading = (page: Page, key: Parameters<typeof say>[1]) => page.getByRole("heading", { level: 1, name: say("de", key) });

test("an app is set up, asked for, stood in for and removed", async ({ page, request }) => {
  let links = 0;
  const byLink = async () => {
    await page.goto("/support/sign-in-link");
    await page.getByLabel(say("de", "signIn.email")).fill(email);
    await page.keyboard.press("Enter");
    await expect(heading(page, "link.sent.title")).toBeVisible();
    await page.goto((await mailed(request, email, ++links)).url);
    await page.getByRole("button", { name: /•••@hafenkante\.example/ }).click();
  };
  await page.setViewportSize({ width: 360, height: 780 });
  await byLink();
  await expect(page).toHaveURL(/\/support\/tickets$/);
  await page.goto("/support/account");
  await page.getByRole("link", { name: say("de", "account.code.manage") }).click();
  await expect(page.getByRole("img", { name: say("de", "code.add.qr") })).toBeVisible();
  await accessible(page);

  // A wrong code changes nothing, and the app need not be set up anew.
  const secret = (await page.locator("main code").innerText()).replaceAll(/\s/g, "");
  const field = page.getByLabel(say("de", "code.field"), { exact: true });
  await field.fill("000000");
  await page.keyboard.press("Enter");
  await expect(field).toHaveAccessibleDescription(new RegExp(say("de", "code.error.notYet").slice(0, 30)));
  expect((await page.locator("main code").innerText()).replaceAll(/\s/g, "")).toBe(secret);
  await field.fill(code(secret));
  await page.keyboard.press("Enter");
  await expect(page.getByText(say("de", "code.added"))).toBeVisible();
  const spare = await page.locator(".codes li").allInnerTexts();
  expect(spare).toHaveLength(10);
  await accessible(page);

  // Signed out, and in again: the link alone does not do any more.
  await page.context().clearCookies();
  await byLink();
  await expect(heading(page, "code.title")).toBeVisible();
  await accessible(page);
  await page.goto("/support/tickets");
  await expect(heading(page, "signIn.title")).toBeVisible();
  await page.goto("/support/code");
  await field.fill("123456");
  await page.keyboard.press("Enter");
  await expect(field).toHaveAccessibleDescription(new RegExp(say("de", "code.error.wrong").slice(0, 20)));
  await field.fill(spare[0]!.toUpperCase());
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/support\/tickets$/);

  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto("/support/account/code");
  await expect(page.getByText(say("de", "code.on.recovery.other", { count: "9" }))).toBeVisible();
  await accessible(page);
  await field.fill(spare[1]!);
  await page.getByRole("button", { name: say("de", "code.remove") }).click();
  await expect(heading(page, "account.title")).toBeVisible();
  await fits(page);
  await page.context().clearCookies();
  await byLink();
  await expect(page).toHaveURL(/\/support\/tickets$/);
});
