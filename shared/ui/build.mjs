// Bundles the browser files: shared/ui/styles and shared/ui/browser become
// files with a hash of their content in the name, plain and gzipped, in
// assets/dist, and assets/manifest/manifest.json says which is which.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "assets", "dist");

const result = await build({
  absWorkingDir: here,
  entryPoints: {
    app: "browser/app.ts",
    design: "browser/design.ts",
    export: "browser/export.ts",
    "form-builder": "browser/form-builder.ts",
    form: "browser/form.ts",
    inbox: "browser/inbox.ts",
    list: "browser/list.ts",
    passkey: "browser/passkey.ts",
    reply: "browser/reply.ts",
    settings: "browser/settings.ts",
    styles: "styles/app.css",
  },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  minify: true,
  legalComments: "none",
  charset: "utf8",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  metafile: true,
  write: false,
  logLevel: "warning",
});

const manifest = {};
const files = new Map();
for (const output of result.outputFiles) {
  const name = basename(output.path);
  const entry = Object.entries(result.metafile.outputs).find(([path]) => basename(path) === name)?.[1].entryPoint;
  files.set(name, Buffer.from(output.contents));
  if (entry) manifest[basename(entry).replace(/\.ts$/, ".js")] = name;
}
for (const file of readdirSync(join(here, "images"))) {
  const content = readFileSync(join(here, "images", file));
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const name = basename(file, extname(file)) + "-" + hash + extname(file);
  files.set(name, content);
  manifest[file] = name;
}

mkdirSync(dist, { recursive: true });
for (const old of readdirSync(dist)) {
  if (old !== ".gitignore") rmSync(join(dist, old));
}
for (const [name, content] of files) {
  const gz = gzipSync(content, { level: 9 });
  writeFileSync(join(dist, name), content);
  writeFileSync(join(dist, name + ".gz"), gz);
  console.log(`${name.padEnd(28)} ${String(content.length).padStart(7)}  gz ${String(gz.length).padStart(6)}`);
}
const sorted = Object.fromEntries(Object.entries(manifest).sort());
writeFileSync(join(here, "assets", "manifest", "manifest.json"), JSON.stringify(sorted, null, 2) + "\n");
