// The files of a reply: chosen, dropped, pasted or photographed, uploaded
// straight to the bucket, each a row with its progress.
import type { DraftFile } from "./draft";

export interface UploadSettings {
  attachmentsURL: string;
  /** The name that the ids of uploaded files are sent by. */
  field: string;
  maxFiles: number;
  maxBytes: number;
  /** Extensions; none is all but the forbidden ones. */
  allowed: string[];
  forbidden: string[];
  lang: string;
  texts: Record<string, string>;
}

interface Entry {
  row: HTMLLIElement;
  name: string;
  type: string;
  size: number;
  file: File | null;
  id: string;
  state: "waiting" | "uploading" | "done" | "failed" | "refused";
  request: XMLHttpRequest | null;
  stop: AbortController;
  uploaded: ((id: string, name: string, file: File) => void) | null;
}

export interface Uploads {
  add(files: File[], uploaded?: (id: string, name: string, file: File) => void): void;
  restore(files: DraftFile[]): void;
  clear(): void;
  /** The files that are uploaded, as a draft keeps them. */
  done(): DraftFile[];
  count(): number;
  failed(): boolean;
  busy(): boolean;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
}

export interface UploadEvents {
  changed(): void;
  removed(id: string): void;
  problem(text: string): void;
  tell(text: string): void;
  signedOut(): void;
}

const atOnce = 3;

export function openUploads(list: HTMLUListElement, template: HTMLTemplateElement, settings: UploadSettings, events: UploadEvents): Uploads {
  const entries: Entry[] = [];
  let waiting: (() => void)[] = [];

  function add(files: File[], uploaded?: (id: string, name: string, file: File) => void): void {
    events.problem("");
    for (const file of files) {
      if (entries.length >= settings.maxFiles) {
        events.problem(text("count", {}));
        break;
      }
      const entry = make(file.name, file.type, file.size, file);
      entry.uploaded = uploaded ?? null;
      const refusal = refuse(file);
      if (refusal) fail(entry, refusal, false);
    }
    next();
    events.changed();
  }

  function refuse(file: File): string {
    const extension = file.name.includes(".") ? file.name.slice(file.name.lastIndexOf(".") + 1).toLowerCase() : "";
    if (settings.allowed.length > 0 && !settings.allowed.includes(extension)) return text("types", {});
    if (settings.forbidden.includes(extension)) return text("kind", { extension });
    if (settings.maxBytes > 0 && file.size > settings.maxBytes) {
      return text("bytes", { name: file.name, size: size(file.size, settings.lang) });
    }
    if (file.size === 0) return text("none", { name: file.name });
    return "";
  }

  function make(name: string, type: string, bytes: number, file: File | null): Entry {
    const row = template.content.firstElementChild!.cloneNode(true) as HTMLLIElement;
    const entry: Entry = {
      row, name, type, size: bytes, file, id: "", state: "waiting", request: null, stop: new AbortController(), uploaded: null,
    };
    row.querySelector("[data-name]")!.textContent = name;
    row.querySelector("[data-size]")!.textContent = size(bytes, settings.lang);
    row.querySelector("progress")!.setAttribute("aria-label", name);
    const remove = row.querySelector<HTMLButtonElement>("[data-remove]")!;
    remove.title = text("remove", { name });
    remove.setAttribute("aria-label", remove.title);
    remove.addEventListener("click", () => drop(entry));
    const retry = row.querySelector<HTMLButtonElement>("[data-retry]")!;
    retry.setAttribute("aria-label", text("retry", { name }));
    retry.addEventListener("click", () => {
      events.problem("");
      entry.state = "waiting";
      row.classList.remove("bad");
      remove.focus();
      next();
      events.changed();
    });
    entries.push(entry);
    list.append(row);
    return entry;
  }

  function drop(entry: Entry): void {
    events.problem("");
    entry.stop.abort();
    entry.request?.abort();
    const at = entries.indexOf(entry);
    entries.splice(at, 1);
    const near = entry.row.nextElementSibling ?? entry.row.previousElementSibling;
    entry.row.remove();
    const focus = near?.querySelector<HTMLElement>("[data-remove]") ?? list.closest("[data-files-field], form")?.querySelector<HTMLElement>("[data-attach]");
    focus?.focus();
    if (entry.id) events.removed(entry.id);
    events.tell(text("removed", { name: entry.name }));
    next();
    events.changed();
  }

  function next(): void {
    while (entries.filter((e) => e.state === "uploading").length < atOnce) {
      const entry = entries.find((e) => e.state === "waiting");
      if (!entry) break;
      void upload(entry);
    }
    if (!busy()) {
      for (const resolve of waiting) resolve();
      waiting = [];
    }
  }

  function busy(): boolean {
    return entries.some((e) => e.state === "waiting" || e.state === "uploading");
  }

  async function upload(entry: Entry): Promise<void> {
    const file = entry.file;
    if (!file) return;
    entry.state = "uploading";
    entry.row.querySelector("progress")!.value = 0;
    try {
      const answer = await fetch(settings.attachmentsURL, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ name: file.name, type: file.type || "application/octet-stream", size: file.size }),
        signal: entry.stop.signal,
      });
      if (!answer.ok) {
        if (answer.status === 401) events.signedOut();
        fail(entry, await problem(answer), answer.status === 401 || answer.status === 429 || answer.status >= 500);
        return;
      }
      const ticket = (await answer.json()) as { id: string; upload: { url: string; fields: Record<string, string> } };
      await send(entry, file, ticket.upload);
      entry.id = ticket.id;
      entry.state = "done";
      entry.row.classList.add("done");
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = settings.field;
      field.value = ticket.id;
      entry.row.append(field);
      events.tell(text("uploaded", { name: entry.name }));
      entry.uploaded?.(ticket.id, entry.name, file);
    } catch {
      if (entry.stop.signal.aborted) return;
      fail(entry, text("lost", {}), true);
    } finally {
      next();
      events.changed();
    }
  }

  /** fetch cannot tell how much has been sent; this can. */
  function send(entry: Entry, file: File, to: { url: string; fields: Record<string, string> }): Promise<void> {
    return new Promise((resolve, reject) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(to.fields)) body.append(name, value);
      body.append("file", file); // last: S3 ignores what follows it
      const request = (entry.request = new XMLHttpRequest());
      const progress = entry.row.querySelector("progress")!;
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress.value = (100 * event.loaded) / event.total;
      });
      request.addEventListener("load", () => (request.status >= 200 && request.status < 300 ? resolve() : reject(new Error(String(request.status)))));
      request.addEventListener("error", () => reject(new Error("network")));
      request.addEventListener("abort", () => reject(new Error("abort")));
      request.open("POST", to.url);
      request.send(body);
    });
  }

  function fail(entry: Entry, message: string, again: boolean): void {
    entry.state = again ? "failed" : "refused";
    entry.row.classList.add("bad");
    entry.row.querySelector("[data-error] span")!.textContent = message;
    entry.row.querySelector<HTMLElement>("[data-retry]")!.hidden = !again;
    events.tell(message);
  }

  async function problem(answer: Response): Promise<string> {
    try {
      const body = (await answer.json()) as { title?: string; detail?: string; errors?: { message: string }[] };
      return body.errors?.[0]?.message ?? body.detail ?? body.title ?? text("lost", {});
    } catch {
      return text("lost", {});
    }
  }

  function text(key: string, values: Record<string, string>): string {
    return (settings.texts[key] ?? "").replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  }

  return {
    add,
    restore(files) {
      for (const f of files) {
        const entry = make(f.name, f.type, f.size, null);
        entry.id = f.id;
        entry.state = "done";
        entry.row.classList.add("done");
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = settings.field;
        field.value = f.id;
        entry.row.append(field);
      }
    },
    clear() {
      for (const entry of entries) {
        entry.stop.abort();
        entry.request?.abort();
        entry.row.remove();
      }
      entries.length = 0;
      next();
    },
    done: () => entries.filter((e) => e.state === "done").map(({ id, name, type, size }) => ({ id, name, type, size })),
    count: () => entries.length,
    failed: () => entries.some((e) => e.state === "failed" || e.state === "refused"),
    busy,
    settled: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        next();
      }),
  };
}

/** As messages.Size on the server. */
export function size(bytes: number, lang: string): string {
  if (bytes < 1000) return bytes + " B";
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let i = 0;
  while (value >= 999.5 && i < units.length - 1) {
    value /= 1000;
    i++;
  }
  const digits = value < 9.95 && i > 0 ? 1 : 0;
  return value.toLocaleString(lang, { maximumFractionDigits: digits }) + " " + units[i];
}
