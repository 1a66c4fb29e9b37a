// The page of a ticket: the reply box with its editor, files and draft, and
// the news of the conversation. Without it the box is a text field and a file
// field of a plain form.
import { notice, watch } from "./activity";
import { openDrafts, type DraftFile, type Drafts } from "./draft";
import type { ReplyEditor } from "./editor";
import { openUploads, type UploadSettings } from "./upload";

interface Attached {
  ID: string;
  Name: string;
  Type: string;
  Size: number;
}

interface Settings extends UploadSettings {
  maxText: number;
  attached: Attached[];
  failed: boolean;
}

const conversation = document.querySelector<HTMLElement>("[data-conversation]");
const form = document.querySelector<HTMLFormElement>("form[data-reply]");
const sentKey = "postern-sent";

// Where the reader lands after sending: the draft has served.
const arrived = conversation?.dataset["sent"];
if (arrived) remember(arrived);
let keep: () => Promise<void> = async () => {};
if (form) keep = reply(form);
if (conversation) watch(conversation);

// What is typed is saved before the page is left by a link of its own: to what
// is new, which a reload shows, or to where data-keep leads.
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-show], a[data-keep]");
  if (!link) return;
  event.preventDefault();
  void keep().finally(() => {
    if (link.dataset["show"] === undefined) {
      location.assign(link.href);
      return;
    }
    location.hash = "latest";
    location.reload();
  });
});

/** Runs the reply box; returns what saves its draft at once. */
function reply(form: HTMLFormElement): () => Promise<void> {
  const settings = JSON.parse(form.dataset["reply"] ?? "{}") as Settings;
  const part = <T extends Element>(selector: string) => form.querySelector<T>(selector)!;
  const id = part<HTMLInputElement>("input[name=id]");
  const html = part<HTMLInputElement>("input[name=html]");
  const textarea = part<HTMLTextAreaElement>("textarea[name=text]");
  const mount = part<HTMLElement>("[data-editor]");
  const toolbar = part<HTMLElement>("[data-toolbar]");
  const status = part<HTMLElement>("[data-status]");
  const problem = part<HTMLElement>("[data-problem]");
  const send = part<HTMLButtonElement>("button[type=submit], .actions button");
  const label = send.querySelector<HTMLElement>(".label")!;
  const restLabel = label.textContent ?? "";

  // The draft restores the text; the browser would bring back what was sent.
  form.autocomplete = "off";

  let editor: ReplyEditor | null = null;
  let opening: Promise<ReplyEditor | null> | null = null;
  let drafts: Drafts | null = null;
  let sending = false;
  let sent = ""; // what went out under the present id
  const previews = new Map<string, string>();

  // ---- Files

  const list = part<HTMLUListElement>("[data-files]");
  list.replaceChildren(); // the rows without script; made again below
  const uploads = openUploads(list, part<HTMLTemplateElement>("template[data-template=file-row]"), settings, {
    changed: edited,
    removed: (cid) => editor?.removeImage(cid),
    problem: complain,
    tell: (text) => (status.textContent = text),
    signedOut: () => conversation && notice(conversation, "session-ended"),
  });
  uploads.restore(settings.attached.map((a) => ({ id: a.ID, name: a.Name, type: a.Type, size: a.Size })));

  const plain = form.querySelector<HTMLElement>("[data-plain-files]");
  if (plain) {
    const picker = plain.querySelector("input")!;
    const camera = part<HTMLInputElement>("[data-camera]");
    picker.removeAttribute("name"); // its files go up one by one
    plain.hidden = true;
    part<HTMLElement>("[data-pick]").hidden = false;
    part("[data-attach]").addEventListener("click", () => picker.click());
    part("[data-photo]").addEventListener("click", () => camera.click());
    for (const input of [picker, camera]) {
      input.addEventListener("change", () => {
        uploads.add([...(input.files ?? [])]);
        input.value = "";
      });
    }

    const box = part<HTMLElement>("[data-drop]");
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    let depth = 0;
    const over = (inside: number) => {
      depth = inside === 0 ? 0 : depth + inside;
      box.classList.toggle("dropping", depth > 0);
    };
    box.addEventListener("dragenter", (event) => carries(event) && over(1));
    box.addEventListener("dragleave", (event) => carries(event) && over(-1));
    box.addEventListener("drop", (event) => {
      over(0);
      if (carries(event)) uploads.add([...(event.dataTransfer?.files ?? [])]);
    });
    // Next to the box, a file must not replace the page and the text on it.
    for (const type of ["dragover", "drop"] as const) {
      document.addEventListener(type, (event) => carries(event) && event.preventDefault());
    }
    textarea.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0 && event.clipboardData?.getData("text/plain").trim() === "") {
        event.preventDefault();
        paste(files);
      }
    });
  }

  /** Pasted images stand where they were pasted; other files are attached. */
  function paste(files: File[]): void {
    for (const file of files) {
      if (!/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
        uploads.add([file]);
        continue;
      }
      uploads.add([file], (cid, name, content) => {
        if (!editor) return;
        previews.set(cid, URL.createObjectURL(content));
        editor.image(cid, name);
      });
    }
  }

  // ---- Editor

  function open(): Promise<ReplyEditor | null> {
    opening ??= import("./editor").then(
      ({ openEditor }) => {
        // With an error the text has the focus, which browsers give only now.
        const wrong = textarea.autofocus;
        textarea.autofocus = false;
        const focused = wrong || document.activeElement === textarea;
        mount.hidden = false;
        editor = openEditor({
          mount,
          toolbar,
          linkBar: part("[data-link-bar]"),
          labelledBy: "reply-label",
          describedBy: textarea.getAttribute("aria-describedby"),
          html: html.value,
          text: textarea.value,
          caret: textarea.selectionEnd,
          preview: (cid) => previews.get(cid) ?? "",
          changed: typed,
          pasted: paste,
          send: () => form.requestSubmit(),
        });
        toolbar.hidden = false;
        textarea.hidden = true;
        part("label#reply-label").addEventListener("click", () => editor?.focus());
        if (focused) editor.focus();
        if (wrong) form.scrollIntoView({ block: "nearest" }); // below what has come meanwhile
        return editor;
      },
      () => {
        opening = null; // the text field goes on working
        return null;
      },
    );
    return opening;
  }
  textarea.addEventListener("focus", () => void open());
  textarea.addEventListener("input", typed);
  if (html.value || document.activeElement === textarea) void open();

  // ---- Draft

  const key = form.dataset["draftKey"] ?? "";
  const name = form.dataset["draftName"] ?? "";
  const note = part<HTMLElement>("[data-draft-note]");
  let timer = 0;

  const ready = openDrafts(name, key).then(async (opened) => {
    drafts = opened;
    const draft = await drafts?.load();
    if (!draft || !drafts) return;
    if (remembered().includes(draft.id)) {
      drafts.remove();
      return;
    }
    if (filled() || settings.failed) return; // what is on the page wins
    id.value = draft.id;
    sent = draft.sent ?? "";
    uploads.restore(draft.files);
    textarea.value = draft.text;
    html.value = draft.html;
    if (draft.html) await open();
    note.hidden = false;
    part("[data-draft-status]").textContent = part<HTMLTemplateElement>("template[data-template=draft]").content.textContent;
    edited();
  });

  part("[data-draft-discard]").addEventListener("click", () => {
    uploads.clear();
    write("");
    id.value = newID();
    sent = "";
    clearTimeout(timer);
    drafts?.remove();
    note.hidden = true;
    (editor ?? textarea).focus();
  });

  function typed(): void {
    if (sending) return;
    complain("");
    edited();
  }

  function edited(): void {
    if (sending) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => void save(), 500);
  }

  async function save(): Promise<void> {
    clearTimeout(timer);
    await ready;
    if (!drafts) return;
    if (!filled()) {
      drafts.remove();
      note.hidden = true;
      return;
    }
    await drafts.save({ id: id.value, ...body(), files: uploads.done(), ...(sent ? { sent } : {}) });
  }
  const leaving = () => {
    if (!sending) void save();
  };
  window.addEventListener("pagehide", leaving);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leaving();
  });

  // ---- Sending

  function body(): { html: string; text: string } {
    return editor ? { html: editor.html(), text: editor.text() } : { html: "", text: textarea.value };
  }

  function filled(): boolean {
    return uploads.count() > 0 || (editor ? !editor.empty() : textarea.value.trim() !== "");
  }

  function write(text: string): void {
    html.value = "";
    textarea.value = text;
    editor?.replace("");
  }

  function complain(text: string): void {
    problem.hidden = text === "";
    problem.querySelector("span")!.textContent = text;
  }

  function busy(yes: boolean): void {
    sending = yes;
    send.toggleAttribute("aria-busy", yes);
    if (yes) send.setAttribute("aria-busy", "true");
    label.textContent = yes ? (send.dataset["busy"] ?? restLabel) : restLabel;
  }

  /** One reply has one id however often it is sent; a changed one is another. */
  function identify(): void {
    const content = JSON.stringify([body(), uploads.done().map((file: DraftFile) => file.id)]);
    if (sent && sent !== content) id.value = newID();
    sent = content;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending || send.getAttribute("aria-disabled") === "true") return;
    void submit();
  });

  async function submit(): Promise<void> {
    if (!filled()) {
      complain(settings.texts["empty"] ?? "");
      (editor ?? textarea).focus();
      return;
    }
    const { html: formatted, text } = body();
    if (settings.maxText > 0 && new TextEncoder().encode(formatted || text).length > settings.maxText) {
      complain(settings.texts["long"] ?? "");
      (editor ?? textarea).focus();
      return;
    }
    busy(true);
    if (uploads.busy()) status.textContent = settings.texts["waiting"] ?? "";
    await uploads.settled();
    status.textContent = "";
    if (uploads.failed()) {
      busy(false);
      complain(settings.texts["failed"] ?? "");
      list.querySelector<HTMLElement>(".bad button:not([hidden])")?.focus();
      return;
    }
    identify();
    await save();
    const last = body();
    html.value = last.html;
    textarea.value = last.text;
    form.submit();
  }

  // Back from where the reply led to, the page stands here as it was left.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    busy(false);
    if (remembered().includes(id.value)) location.reload();
  });

  return save;
}

/** [a-z0-9]{26}, which is 134 random bits. */
function newID(): string {
  const letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  let out = "";
  while (out.length < 26) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      // 252 is the last multiple of 36 in a byte; above it, letters would not be equally likely.
      if (byte < 252 && out.length < 26) out += letters[byte % 36];
    }
  }
  return out;
}

function remembered(): string[] {
  try {
    return JSON.parse(sessionStorage.getItem(sentKey) ?? "[]") as string[];
  } catch {
    return [];
  }
}

function remember(id: string): void {
  try {
    sessionStorage.setItem(sentKey, JSON.stringify([...remembered().filter((known) => known !== id), id].slice(-20)));
  } catch {
    // Nothing is kept here; a return from the history shows the page as it was.
  }
}
