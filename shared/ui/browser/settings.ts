// On pages of settings. Buttons named _do change the form in place, which without
// script loads the page again; rows can be dragged.
import Sortable from "sortablejs";

import { answer } from "./answer";

const form = document.querySelector<HTMLFormElement>("form[data-settings]");

/** What has just been asked for: an answer to what was asked before it is too late. */
let asked = 0;

const written = (data: FormData): string => JSON.stringify([...data].map(([name, value]) => [name, String(value)]));

/** Has the server change the form as the button says, and shows what becomes of it. */
async function change(form: HTMLFormElement, name: string, value: string): Promise<void> {
  const mine = ++asked;
  const data = new FormData(form);
  const sent = written(data);
  data.set(name, value);
  form.setAttribute("aria-busy", "true");
  const problem = form.querySelector("[data-problem]");
  problem?.remove();
  try {
    const { page, status } = await answer(form, data);
    const next = page.querySelector<HTMLFormElement>("form[data-settings]");
    if (!next) throw new Error(String(status));
    if (mine !== asked) return;
    // Nothing is lost that was typed meanwhile.
    if (written(new FormData(form)) !== sent) return void (await change(form, name, value));
    const typing = document.activeElement;
    const at = typing?.id;
    const caret = typing instanceof HTMLInputElement || typing instanceof HTMLTextAreaElement ? typing.selectionEnd : null;
    const open = new Set([...form.querySelectorAll<HTMLElement>("details[data-fold][open]")].map((fold) => fold.dataset["fold"]));
    form.replaceChildren(...next.childNodes);
    for (const fold of form.querySelectorAll<HTMLDetailsElement>("details[data-fold]")) fold.open ||= open.has(fold.dataset["fold"]);
    begin(form);
    const focus =
      form.querySelector<HTMLElement>("[autofocus]") ??
      (at ? document.getElementById(at) : null) ??
      form.querySelector<HTMLElement>(`button[name="${name}"][value="${CSS.escape(value)}"]`);
    focus?.focus();
    // Who types on does so where they were.
    if (caret !== null && focus?.id === at && (focus instanceof HTMLInputElement || focus instanceof HTMLTextAreaElement)) {
      focus.setSelectionRange(caret, caret);
    }
    if (!form.contains(document.activeElement)) form.querySelector<HTMLElement>("[tabindex='-1'].rows")?.focus();
    form.dispatchEvent(new Event("change"));
  } catch {
    if (mine !== asked) return;
    const p = document.createElement("p");
    p.className = "banner danger";
    p.role = "alert";
    p.dataset["problem"] = "";
    p.textContent = form.dataset["failed"] ?? "";
    form.prepend(p);
    p.scrollIntoView({ block: "nearest" });
  } finally {
    if (mine === asked) form.removeAttribute("aria-busy");
  }
}

/** What is to be done for every new content of the form. */
function begin(form: HTMLFormElement): void {
  for (const list of form.querySelectorAll<HTMLElement>("[data-rows]")) {
    list.dataset["dragged"] = "";
    Sortable.create(list, {
      handle: "[data-handle]",
      draggable: "li",
      ghostClass: "held",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      // The server numbers the rows anew; what they say goes in the order of the page.
      onEnd: ({ oldIndex, newIndex }) => {
        if (oldIndex !== newIndex) void change(form, "_do", "order");
      },
    });
  }
}

/** Says what has become of a test mail that is on its way, as soon as it is known. */
async function followTestMail(): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const shown = document.querySelector("#test-mail[data-waiting]");
    if (!shown) return;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const answered = await fetch(location.pathname, { cache: "no-store" });
    if (!answered.ok) return;
    const next = new DOMParser().parseFromString(await answered.text(), "text/html").querySelector("#test-mail");
    if (next && !next.matches("[data-waiting]")) shown.replaceWith(next);
  }
}

if (form) {
  begin(form);
  followTestMail().catch(() => undefined); // the page can be loaded again
  form.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[name='_do']");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    void change(form, button.name, button.value);
  });
  // A field on which others depend.
  form.addEventListener("change", (event) => {
    const field = (event.target as Element).closest?.<HTMLElement>("[data-refresh]");
    if (field) void change(form, "_do", field.dataset["refresh"] || "refresh");
  });
}
