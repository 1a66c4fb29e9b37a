// On every page. It only adds: each thing it touches works without it.
import { watchSession } from "./session";

/** Forms that were sent once are not sent again while the answer is under way. */
function sendOnce(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset["sending"] !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset["sending"] = "";
    const button = (event as SubmitEvent).submitter;
    if (button instanceof HTMLButtonElement) busy(button);
  });
  // A page that comes back from the history is ready again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sending]")) {
      delete form.dataset["sending"];
      for (const button of form.querySelectorAll<HTMLButtonElement>("[aria-busy]")) ready(button);
    }
  });
}

function busy(button: HTMLButtonElement): void {
  button.setAttribute("aria-busy", "true");
  const label = button.querySelector(".label");
  if (label && button.dataset["busy"]) {
    button.dataset["rest"] = label.textContent ?? "";
    label.textContent = button.dataset["busy"];
  }
}

function ready(button: HTMLButtonElement): void {
  button.removeAttribute("aria-busy");
  const label = button.querySelector(".label");
  if (label && button.dataset["rest"] !== undefined) label.textContent = button.dataset["rest"];
}

/** Menus close by Escape, by a click elsewhere and when the focus leaves them. */
function menus(): void {
  const close = (except: Node | null) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details[data-menu][open]")) {
      if (!except || !menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => close(event.target as Node));
  document.addEventListener("focusin", (event) => close(event.target as Node));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector<HTMLDetailsElement>("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}

/** command and commandfor, for browsers that do not know them yet. */
function dialogs(): void {
  if ("commandForElement" in HTMLButtonElement.prototype) return;
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[commandfor]");
    if (!button) return;
    const dialog = document.getElementById(button.getAttribute("commandfor") ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}

/** Images open over the page instead of in place of it. */
function enlarge(): void {
  // Images inside a message are not links; make them reachable by keyboard.
  for (const image of document.querySelectorAll<HTMLImageElement>(".messages .prose img")) {
    if (image.closest("a")) continue;
    const link = document.createElement("a");
    link.href = image.src;
    link.className = "enlarge";
    link.dataset["enlarge"] = "";
    image.before(link);
    link.append(image);
    // The link is named by its image; one without a text needs a name.
    if (!image.alt) link.setAttribute("aria-label", link.closest<HTMLElement>("[data-text-image]")?.dataset["textImage"] ?? "");
  }
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-enlarge]");
    const dialog = document.querySelector<HTMLDialogElement>("dialog.lightbox");
    if (!link || !dialog) return;
    event.preventDefault();
    const image = document.createElement("img");
    image.src = link.href;
    image.alt = link.querySelector("img")?.alt ?? "";
    dialog.querySelector("img")?.remove();
    dialog.prepend(image);
    dialog.showModal();
  });
  document.addEventListener("click", (event) => {
    const dialog = (event.target as Element).closest<HTMLDialogElement>("dialog.lightbox");
    if (dialog) dialog.close();
  });
}

/** The save bar is there once something has changed. */
function saveBars(): void {
  for (const bar of document.querySelectorAll<HTMLElement>("[data-save-bar]")) {
    const form = document.getElementById(bar.dataset["saveBar"] ?? "");
    if (!(form instanceof HTMLFormElement)) continue;
    const state = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const initial = state();
    const changed = bar.dataset["changed"] !== undefined;
    const update = () => (bar.hidden = !changed && state() === initial);
    form.addEventListener("input", update);
    form.addEventListener("change", update);
    update();
    window.addEventListener("beforeunload", (event) => {
      if (!bar.hidden && form.dataset["sending"] === undefined) event.preventDefault();
    });
  }
}

/** Toasts pass; a pointer on them or focus in them holds them. */
function toasts(): void {
  for (const toast of document.querySelectorAll<HTMLElement>("[data-toast]")) {
    const leave = () => {
      if (toast.matches(":hover, :focus-within")) {
        setTimeout(leave, 2000);
        return;
      }
      toast.classList.add("leaving");
      setTimeout(() => toast.remove(), 200);
    };
    setTimeout(leave, 6000);
  }
}

/** What scrolls sideways can be reached and scrolled by keyboard. */
function scrollers(): void {
  for (const element of document.querySelectorAll<HTMLElement>(".prose pre, .prose table, .table-box")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
}

/** What was typed on one page is there on the next that asks for it: in the tab
    alone, so that no address has it. */
function carry(): void {
  // A browser that stores nothing has it typed again.
  const store = (keep: (s: Storage) => void) => {
    try {
      keep(sessionStorage);
    } catch {}
  };
  for (const element of document.querySelectorAll<HTMLElement>("[data-carry]")) {
    const name = element.dataset["carry"]!;
    element.addEventListener("click", () => {
      const input = document.querySelector<HTMLInputElement>(`input[name="${name}"]`);
      if (input?.value) store((s) => s.setItem(`carry.${name}`, input.value));
    });
  }
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-carried]")) {
    store((s) => {
      input.value ||= s.getItem(`carry.${input.name}`) ?? "";
      s.removeItem(`carry.${input.name}`);
    });
  }
}

sendOnce();
carry();
menus();
dialogs();
enlarge();
saveBars();
toasts();
scrollers();
addEventListener("resize", scrollers);
watchSession();
