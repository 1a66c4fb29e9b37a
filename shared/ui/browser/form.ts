// The page of a form. It shows only what is asked with the answers so far, uploads
// files by themselves, keeps a draft, and lets the device work where the form wants
// that. Without it the page is a plain form with all of its fields.
import { solveChallenge } from "altcha-lib/v1";
import { asks, stored, type Field, type Filter } from "./conditions";
import { openDrafts, tabDrafts, type DraftFile, type Drafts } from "./draft";
import { openUploads, type Uploads, type UploadSettings } from "./upload";

interface Known extends Field {
  value: string;
  at: number;
}

interface Settings {
  draft: string;
  draftKey: string;
  failed: boolean;
  used: boolean;
  here: string;
  known: Known[];
  challenge: string;
  texts: Record<"solving" | "unsolved" | "waiting" | "files", string>;
}

interface FormDraft {
  id: string;
  values: Record<string, string[]>;
  files: Record<string, DraftFile[]>;
  /** It was sent, and what came of it was not seen. */
  sent?: boolean;
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const form = document.querySelector<HTMLElement>("[data-form]");
if (form) run(form);
const arrived = document.querySelector<HTMLElement>("[data-form-sent]");
if (arrived) void forget(arrived);

/** Where something was sent, its draft has served. */
async function forget(page: HTMLElement): Promise<void> {
  const { draft, draftKey, id } = JSON.parse(page.dataset["formSent"]!) as { draft: string; draftKey: string; id: string };
  const drafts = await open(draft, draftKey);
  if ((await drafts?.load())?.id === id) drafts?.remove();
}

function open(name: string, key: string): Promise<Drafts<FormDraft> | null> {
  return key ? openDrafts<FormDraft>(name, key) : Promise.resolve(tabDrafts<FormDraft>(name));
}

function run(form: HTMLElement): void {
  const settings = JSON.parse(form.dataset["form"]!) as Settings;
  const part = <T extends Element>(selector: string) => form.querySelector<T>(selector)!;
  const controls = (within: ParentNode = form) =>
    [...within.querySelectorAll<Control>("input[name], select[name], textarea[name]")].filter((c) => !c.name.startsWith("_"));

  // ---- What is asked

  const shown = [...form.querySelectorAll<HTMLElement>("[data-field]")].map((element) => ({
    element,
    name: element.dataset["field"]!,
    type: element.dataset["type"]!,
    when: JSON.parse(element.dataset["when"] ?? "[]") as Filter,
    at: Number(element.dataset["at"]),
  }));
  const fields: (Field & { at: number })[] = [...settings.known, ...shown].sort((a, b) => a.at - b.at);

  function typed(element: HTMLElement): string[] {
    const own = element.matches("input") ? [element as HTMLInputElement] : controls(element);
    return own.flatMap((c) => {
      if (c instanceof HTMLInputElement && (c.type === "file" || (c.type === "checkbox" && !c.checked))) return [];
      return [c.value];
    });
  }

  function update(): void {
    const answers = new Map(settings.known.map((k) => [k.name, k.value]));
    for (const { element, name, type } of shown) {
      if (type !== "file") answers.set(name, stored(typed(element), type));
    }
    const asked = asks(fields, answers);
    for (const { element, name, when } of shown) {
      if (when.length === 0) continue;
      const yes = asked.has(name);
      if (element instanceof HTMLInputElement) {
        element.disabled = !yes;
        continue;
      }
      element.hidden = !yes;
      for (const c of element.querySelectorAll<Control>("input, select, textarea")) c.disabled = !yes;
    }
    for (const group of form.querySelectorAll<HTMLElement>(".form-group")) {
      group.hidden = [...group.querySelectorAll<HTMLElement>(".form-field")].every((field) => field.hidden);
    }
  }
  update();
  form.addEventListener("input", update);
  form.addEventListener("change", update);

  if (!(form instanceof HTMLFormElement)) {
    // A preview, which sends nothing.
    for (const field of form.querySelectorAll<HTMLElement>("[data-files-field]")) {
      const attach = field.querySelector<HTMLButtonElement>("[data-attach]")!;
      field.querySelector<HTMLElement>("input[type=file]")!.hidden = true;
      attach.hidden = false;
      attach.setAttribute("aria-disabled", "true");
    }
    return;
  }
  send(form, settings, part, controls, update);
}

function send(
  form: HTMLFormElement,
  settings: Settings,
  part: <T extends Element>(selector: string) => T,
  controls: (within?: ParentNode) => Control[],
  update: () => void,
): void {
  const id = part<HTMLInputElement>("input[name=_id]");
  const button = part<HTMLButtonElement>("[data-send]");
  const label = button.querySelector<HTMLElement>(".label")!;
  const rest = label.textContent ?? "";
  const status = part<HTMLElement>("[data-status]");
  const problem = part<HTMLElement>(":scope > [data-problem]");
  let sending = false;

  // The draft restores what was typed; the browser would bring back what was sent.
  form.autocomplete = "off";

  function complain(text: string): void {
    problem.hidden = text === "";
    problem.querySelector("span")!.textContent = text;
  }

  // In a frame, browsers give no focus by themselves.
  if (settings.failed && window !== window.top) form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();

  // ---- Files

  const files = new Map<string, Uploads>();
  for (const field of form.querySelectorAll<HTMLElement>("[data-files-field]")) {
    const upload = JSON.parse(field.dataset["filesField"]!) as UploadSettings & { attached: { ID: string; Name: string; Type: string; Size: number }[] };
    if (!upload.attachmentsURL) continue;
    const within = <T extends Element>(selector: string) => field.querySelector<T>(selector)!;
    const list = within<HTMLUListElement>("[data-files]");
    const picker = within<HTMLInputElement>("input[type=file]");
    const attach = within<HTMLButtonElement>("[data-attach]");
    const wrong = within<HTMLElement>(":scope > [data-problem]");
    list.replaceChildren(); // the rows without script; made again below
    const uploads = openUploads(list, within<HTMLTemplateElement>("template"), upload, {
      changed: edited,
      removed: () => {},
      problem: (text) => {
        wrong.hidden = text === "";
        wrong.querySelector("span")!.textContent = text;
      },
      tell: (text) => (status.textContent = text),
      signedOut: () => {},
    });
    uploads.restore(upload.attached.map((a) => ({ id: a.ID, name: a.Name, type: a.Type, size: a.Size })));
    files.set(upload.field, uploads);
    picker.removeAttribute("name"); // its files go up one by one
    picker.hidden = true;
    attach.hidden = false;
    const name = field.querySelector("label")!;
    name.htmlFor = attach.id = picker.id;
    picker.removeAttribute("id");
    for (const attribute of ["aria-describedby", "aria-invalid"]) {
      const value = picker.getAttribute(attribute);
      if (value) attach.setAttribute(attribute, value);
    }
    // Of the label and the button's own words, so that both are said.
    name.id = attach.id + "-label";
    attach.querySelector(".label")!.id = attach.id + "-word";
    attach.setAttribute("aria-labelledby", `${name.id} ${attach.id}-word`);
    attach.addEventListener("click", () => picker.click());
    picker.addEventListener("change", () => {
      uploads.add([...(picker.files ?? [])]);
      picker.value = "";
    });
  }

  // ---- Draft

  const note = part<HTMLElement>("[data-draft-note]");
  let drafts: Drafts<FormDraft> | null = null;
  let timer = 0;
  const begun = state();

  function state(): string {
    return JSON.stringify([values(), uploaded()]);
  }

  function values(): Record<string, string[]> {
    const all: Record<string, string[]> = {};
    for (const c of controls()) {
      if (c instanceof HTMLInputElement && (c.type === "file" || c.type === "hidden")) continue;
      const list = (all[c.name] ??= []);
      if (!(c instanceof HTMLInputElement && c.type === "checkbox" && !c.checked)) list.push(c.value);
    }
    return all;
  }

  function uploaded(): Record<string, DraftFile[]> {
    return Object.fromEntries([...files].map(([name, uploads]) => [name, uploads.done()]));
  }

  function fill(values: Record<string, string[]>): void {
    for (const c of controls()) {
      const list = values[c.name];
      if (!list || (c instanceof HTMLInputElement && (c.type === "file" || c.type === "hidden"))) continue;
      if (c instanceof HTMLInputElement && c.type === "checkbox") c.checked = list.includes(c.value);
      else c.value = list[0] ?? "";
    }
    update();
  }

  const ready = open(settings.draft, settings.draftKey).then(async (opened) => {
    drafts = opened;
    const draft = await drafts?.load();
    if (!draft || !drafts || settings.failed) return; // what is on the page wins
    if (settings.used) {
      if (draft.id === id.value) drafts.remove();
      return;
    }
    if (draft.sent && draft.id !== id.value) {
      // Whether it arrived is known where it was written.
      sending = true;
      const there = new URL(settings.here, location.href);
      there.searchParams.set("s", draft.id);
      location.replace(there.href);
      return;
    }
    if (state() !== begun) return;
    id.value = draft.id;
    fill(draft.values);
    for (const [name, list] of Object.entries(draft.files)) files.get(name)?.restore(list);
    note.hidden = false;
    part("[data-draft-status]").textContent = part<HTMLTemplateElement>("template[data-template=draft]").content.textContent;
  });

  part("[data-draft-discard]").addEventListener("click", () => {
    clearTimeout(timer);
    sending = true;
    drafts?.remove();
    location.replace(settings.here);
  });

  function edited(): void {
    if (sending) return;
    complain("");
    clearTimeout(timer);
    timer = window.setTimeout(() => void save(), 500);
  }

  async function save(sent = false): Promise<void> {
    clearTimeout(timer);
    await ready;
    if (!drafts) return;
    if (state() === begun && note.hidden && !settings.failed && !sent) {
      drafts.remove();
      return;
    }
    await drafts.save({ id: id.value, values: values(), files: uploaded(), ...(sent ? { sent } : {}) });
  }

  form.addEventListener("input", edited);
  form.addEventListener("change", edited);
  const leaving = () => {
    if (!sending) void save();
  };
  window.addEventListener("pagehide", leaving);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leaving();
  });

  // ---- The device's work, as soon as somebody begins to fill in

  let work: Promise<string> | null = null;
  const begin = () => (work ??= solve(settings.challenge));
  if (settings.challenge) {
    form.addEventListener("focusin", begin, { once: true });
    form.addEventListener("input", begin, { once: true });
  }

  // ---- Sending

  function busy(yes: boolean): void {
    sending = yes;
    if (yes) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
    label.textContent = yes ? (button.dataset["busy"] ?? rest) : rest;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!sending) void submit();
  });

  async function submit(): Promise<void> {
    complain("");
    busy(true);
    const all = [...files.values()];
    if (all.some((uploads) => uploads.busy())) status.textContent = settings.texts.waiting;
    await Promise.all(all.map((uploads) => uploads.settled()));
    status.textContent = "";
    if (all.some((uploads) => uploads.failed())) {
      busy(false);
      complain(settings.texts.files);
      form.querySelector<HTMLElement>(".file-row.bad button:not([hidden])")?.focus();
      return;
    }
    if (settings.challenge) {
      status.textContent = settings.texts.solving;
      try {
        part<HTMLInputElement>("input[name=_challenge]").value = await begin();
      } catch {
        work = null; // the next try asks for another one
        busy(false);
        complain(settings.texts.unsolved);
        return;
      } finally {
        status.textContent = "";
      }
    }
    await save(true);
    form.submit();
  }

  // Back from where it led to, the page stands here as it was left: what became of
  // it is known where it was sent.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && sending) location.reload();
  });
}

interface Challenge {
  algorithm: string;
  challenge: string;
  maxnumber: number;
  salt: string;
  signature: string;
}

/** Works a challenge out (ALTCHA), and returns what shows that. */
async function solve(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const { algorithm, challenge, maxnumber, salt, signature } = (await answer.json()) as Challenge;
  const solution = await solveChallenge(challenge, salt, algorithm, maxnumber).promise;
  if (!solution) throw new Error("unsolved");
  return btoa(JSON.stringify({ algorithm, challenge, number: solution.number, salt, signature }));
}
