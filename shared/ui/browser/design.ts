// On the design's page of settings: the preview follows what is typed, a picker stands
// beside the colour, and an image is sent as soon as it is chosen.
import { size } from "./upload";

const form = document.querySelector<HTMLFormElement>("form[data-settings]");
const valid = /^#?[0-9a-f]{6}$/i;

/** What is previewed, once the reader has chosen it. */
const chosen: Record<string, string> = {};

/** Longest query of a preview, as the server makes it. */
const longest = 3 << 10;

/** Where the preview of the form as it is now is shown. */
function address(form: HTMLFormElement, place: HTMLElement): string {
  const data = new FormData(form);
  const value = (name: string) => String(data.get(name) ?? "").trim();
  const query = new URLSearchParams({ page: chosen["page"] ?? value("_page"), theme: chosen["theme"] ?? value("_theme") });
  for (const name of ["accent", "font", "radius", "button_style", "logo", "logo_dark"]) query.set(name, value(name));
  for (const [list, name] of [["header_links", "header"], ["footer_links", "footer"]] as const) {
    for (const row of data.getAll(list)) {
      const fields = form.querySelectorAll<HTMLInputElement>(`input[data-label][name^="${list}.${String(row)}."]`);
      const label = [...fields].map((field) => field.value.trim()).find((text) => text !== "");
      if (label && query.toString().length + encodeURIComponent(label).length < longest) query.append(name, label);
    }
  }
  return `${place.dataset["design"] ?? ""}?${query}`;
}

let shown = "";
let waiting: ReturnType<typeof setTimeout> | undefined;

function preview(form: HTMLFormElement, after: number): void {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const place = form.querySelector<HTMLElement>("[data-design]");
    const frame = form.querySelector<HTMLIFrameElement>("#design-preview");
    const accent = form.querySelector<HTMLInputElement>("#accent")?.value.trim() ?? "";
    if (!place || !frame || (accent !== "" && !valid.test(accent))) return;
    const next = address(form, place);
    if (next === shown) return;
    shown = next;
    // In place of what was shown: going back leads to another page, not to another colour.
    frame.contentWindow?.location.replace(next);
  }, after);
}

/** Marks what is chosen of a group of buttons. */
function press(form: HTMLFormElement): void {
  for (const button of form.querySelectorAll<HTMLButtonElement>("button[value^='preview.']")) {
    const [, kind = "", which] = button.value.split(".");
    if (chosen[kind]) button.setAttribute("aria-pressed", String(chosen[kind] === which));
  }
}

/** What the form's content was begun with: the server's answers take its place. */
let content: Element | null = null;

/** What is to be done for every new content of the form. */
function begin(form: HTMLFormElement): void {
  const place = form.querySelector("[data-design]");
  if (place === content) return;
  content = place;
  for (const picker of form.querySelectorAll<HTMLInputElement>("input[data-colour]")) picker.hidden = false;
  press(form);
  shown = "";
  if (chosen["page"] ?? chosen["theme"]) preview(form, 0);
}

/** Has the form changed on the server as a button of the name would. */
function ask(form: HTMLFormElement, value: string): void {
  const button = document.createElement("button");
  button.name = "_do";
  button.value = value;
  button.hidden = true;
  form.append(button);
  button.click();
  button.remove();
}

/** Sends an image that was chosen, unless it is too large. */
function send(form: HTMLFormElement, input: HTMLInputElement): void {
  const name = input.dataset["image"] ?? "";
  const problem = form.querySelector<HTMLElement>(`[data-problem-of="${name}"]`);
  const file = input.files?.[0];
  if (!file || !problem) return;
  const text = problem.querySelector("span");
  problem.hidden = file.size <= Number(input.dataset["max"]);
  if (problem.hidden) {
    ask(form, `${name}.upload`);
    return;
  }
  if (text) text.textContent = (input.dataset["tooBig"] ?? "").replace("{size}", size(file.size, input.dataset["lang"] ?? "en"));
  input.value = "";
}

if (form) {
  begin(form);
  new MutationObserver(() => begin(form)).observe(form, { childList: true });
  form.addEventListener("input", (event) => {
    const field = event.target as HTMLInputElement;
    const picker = form.querySelector<HTMLInputElement>("input[data-colour]");
    const accent = form.querySelector<HTMLInputElement>("#accent");
    if (picker && accent && field === picker) {
      accent.value = picker.value.toUpperCase();
    } else if (picker && accent && field === accent) {
      const typed = accent.value.trim();
      picker.value = valid.test(typed) ? `#${typed.replace("#", "").toLowerCase()}` : (picker.dataset["fallback"] ?? "").toLowerCase();
    }
    preview(form, 150);
  });
  form.addEventListener("change", (event) => {
    const field = event.target as HTMLInputElement;
    if (field.dataset?.["colour"]) form.querySelector("#accent")?.dispatchEvent(new Event("change", { bubbles: true }));
    if (field.dataset?.["image"]) send(form, field);
  });
  form.addEventListener(
    "click",
    (event) => {
      const button = (event.target as Element).closest<HTMLButtonElement>("button[value^='preview.']");
      if (!button) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const [, kind = "", which = ""] = button.value.split(".");
      chosen[kind] = which;
      press(form);
      preview(form, 0);
    },
    { capture: true },
  );
}
