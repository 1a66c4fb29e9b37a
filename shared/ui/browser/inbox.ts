// The team's inbox: who else has a ticket open, that it has changed, and what
// is new in the list. It shows; the links it shows are followed by reply.ts,
// which saves the draft first, or by the browser.

const idleAfter = 20 * 60_000;
const longest = 300_000;

interface Polling<T> {
  url: string;
  every: number; // ms
  /** What to do with an answer other than 304. */
  got: (answer: T) => void;
  ended: () => void;
  query?: () => string;
}

let acted = Date.now();
for (const type of ["pointerdown", "keydown", "input"]) {
  document.addEventListener(type, () => (acted = Date.now()), { passive: true, capture: true });
}

/** Asks while the page is in view: eight times more seldom once nobody has
    touched it for 20 minutes, and ever more seldom after errors; not at all
    once the session has ended or nothing can come. */
function poll<T>({ url, every, got, ended, query }: Polling<T>): void {
  let tag = "";
  let wait = every;
  let timer = 0;
  let stopped = false;
  let asking = false;

  const ask = async () => {
    clearTimeout(timer);
    if (asking || stopped || document.visibilityState !== "visible") return;
    asking = true;
    try {
      // By hand, since browsers keep nothing of what may not be stored.
      const headers = { Accept: "application/json", ...(tag ? { "If-None-Match": tag } : {}) };
      const answer = await fetch(url + (query?.() ?? ""), { headers, cache: "no-store" });
      stopped = [401, 403, 404].includes(answer.status);
      if (answer.status === 401) ended();
      if (answer.ok) {
        const content = (await answer.json()) as T;
        tag = answer.headers.get("ETag") ?? "";
        got(content);
      } else if (answer.status !== 304 && !stopped) {
        throw new Error(String(answer.status));
      }
      wait = Date.now() - acted > idleAfter ? 8 * every : every;
    } catch {
      wait = Math.min(2 * wait, longest);
    }
    asking = false;
    if (!stopped && document.visibilityState === "visible") timer = window.setTimeout(ask, wait);
  };

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    acted = Date.now();
    void ask();
  });
  void ask();
}

/** Shows one of the element's templates in its live region, once. */
function show(element: HTMLElement, place: HTMLElement, name: string): void {
  if (place.dataset["shows"] === name) return;
  const template = element.querySelector<HTMLTemplateElement>(`template[data-template=${name}]`);
  if (!template) return;
  place.dataset["shows"] = name;
  place.replaceChildren(template.content.cloneNode(true));
}

interface Present {
  version: string;
  present: { name: string; writing?: boolean }[];
}

function presence(element: HTMLElement): void {
  const url = element.dataset["presence"];
  const line = element.querySelector<HTMLElement>("[data-presence-line]");
  const news = element.querySelector<HTMLElement>("[data-presence-news]");
  if (!url || !line || !news) return;
  const texts = JSON.parse(element.dataset["texts"] ?? "{}") as Record<string, string>;

  let typed = -Infinity;
  const form = document.querySelector<HTMLFormElement>("form[data-reply]");
  form?.addEventListener("input", () => (typed = Date.now()));
  const writing = () => {
    const text = form?.querySelector(".ProseMirror")?.textContent ?? form?.querySelector("textarea")?.value ?? "";
    return Date.now() - typed < 30_000 && text.trim() !== "";
  };

  poll<Present>({
    url,
    every: 8_000,
    query: () => (writing() ? (url.includes("?") ? "&" : "?") + "writing=1" : ""),
    got: ({ version, present }) => {
      // Who writes comes first.
      const first = present.find((person) => person.writing) ?? present[0];
      const more = present.length - 1;
      const key = (first?.writing ? "writing" : "here") + (more > 1 ? "MoreOther" : more === 1 ? "MoreOne" : "");
      const values: Record<string, string> = { name: first?.name ?? "", count: String(more) };
      const text = first ? (texts[key] ?? "").replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole) : "";
      if (line.textContent !== text) line.textContent = text; // or it is read out again
      if (version !== element.dataset["version"]) show(element, news, "changed");
    },
    ended: () => show(element, news, "session-ended"),
  });
}

function list(element: HTMLElement): void {
  keepPlace(element);
  const url = element.dataset["countsUrl"];
  const news = element.querySelector<HTMLElement>("[data-inbox-news]");
  if (!url || !news) return;
  poll<Record<string, string>>({
    url,
    every: 30_000,
    got: (counts) => {
      for (const count of element.querySelectorAll<HTMLElement>("[data-count]")) {
        const text = counts[count.dataset["count"] ?? ""];
        if (text !== undefined && count.textContent !== text) count.textContent = text;
      }
      if ((counts["newest"] ?? "") !== element.dataset["newest"]) show(element, news, "new-activity");
    },
    ended: () => show(element, news, "session-ended"),
  });
}

/** The list scrolls on its own: from one conversation to the next it stays
    where it was, with the open one in view. */
function keepPlace(element: HTMLElement): void {
  const rows = element.querySelector<HTMLElement>(".inbox-rows");
  if (!rows) return;
  const key = "postern-inbox";
  const which = [...element.querySelectorAll<HTMLAnchorElement>(".inbox-head a[aria-current]")].join(" ");
  try {
    const [kept, top] = JSON.parse(sessionStorage.getItem(key) ?? "[]") as [string?, number?];
    if (kept === which) rows.scrollTop = top ?? 0;
    window.addEventListener("pagehide", () => sessionStorage.setItem(key, JSON.stringify([which, rows.scrollTop])));
  } catch {
    // Nothing is kept here; the open conversation is in view all the same.
  }
  const open = rows.querySelector<HTMLElement>(".current");
  if (!open) return;
  const top = open.getBoundingClientRect().top - rows.getBoundingClientRect().top + rows.scrollTop;
  const bottom = top + open.offsetHeight - rows.clientHeight;
  if (rows.scrollTop > top) rows.scrollTop = top;
  else if (rows.scrollTop < bottom) rows.scrollTop = bottom;
}

// What scrolls on its own can be scrolled by keyboard.
for (const side of document.querySelectorAll<HTMLElement>(".inbox-side")) {
  if (side.scrollHeight > side.clientHeight) side.tabIndex = 0;
}
for (const element of document.querySelectorAll<HTMLElement>("[data-presence]")) presence(element);
for (const element of document.querySelectorAll<HTMLElement>(".inbox-list-body")) list(element);
