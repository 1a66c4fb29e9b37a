// The portal in a browser: Debian's Chromium against one running portal, which
// is started for the run on a free port with data of its own. POSTERN_URL names
// one that runs already; what the tests write stays in it.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

const root = join(import.meta.dirname, "../../..");

// Workers read this file as well; they inherit what the first reading chose.
const running = process.env["POSTERN_URL"];
if (!running) {
  process.env["POSTERN_URL"] = `http://localhost:${await freePort()}`;
  process.env["POSTERN_TEST_STATE"] = mkdtempSync(join(tmpdir(), "postern-browser-"));
  process.on("exit", () => rmSync(process.env["POSTERN_TEST_STATE"]!, { recursive: true, force: true }));
}
const url = process.env["POSTERN_URL"]!;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export default defineConfig({
  testDir: ".",
  outputDir: join(root, "test-results"),
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  // Where other work shares the machine a browser may stall; what passes only
  // the second time is reported as flaky.
  retries: process.env["CI"] ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: process.stdout.isTTY ? "line" : "dot",
  use: {
    baseURL: url,
    browserName: "chromium",
    locale: "de-DE",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    screenshot: "only-on-failure", // and --trace on tells more
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
  ...(running
    ? {}
    : {
        webServer: {
          command: "go build -o .build/portal ./infra/local && exec .build/portal serve",
          cwd: root,
          url: `${url}/_local/ready`,
          env: { PORT: new URL(url).port, POSTERN_STATE: process.env["POSTERN_TEST_STATE"]! },
          timeout: 300_000,
          gracefulShutdown: { signal: "SIGTERM", timeout: 20_000 },
        },
      }),
});
