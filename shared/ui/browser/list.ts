// The list of tickets: what is searched for as it is typed, filters and orders without
// loading the page anew. It fetches the page that a link or a form leads to and takes
// its regions over; whatever goes wrong, the browser goes there itself.

const quiet = 250; // ms after the last letter

const root = document.querySelector<HTMLElement>("[data-list]");
if (root) live(root);

function live(list: HTMLElement): void {
  const status = list.querySelector<HTMLElement>("[data-list-status]");
  let here = new URL(location.href);
  let asking: AbortController | undefined;

  const regions = (root: ParentNode) =>
    new Map([...root.querySelectorAll<HTMLElement>("[data-region]")].map((region) => [region.dataset["region"] ?? "", region]));

  /** Takes the regions of another page over, but for the form that somebody is in. */
  function take(page: Document, from: Element | null): void {
    const fresh = regions(page);
    for (const [name, region] of regions(list)) {
      const other = fresh.get(name);
      if (!other || !region.isConnected) continue;
      if (name === "filters" && from?.closest("[data-filter-form]")) continue;
      if (region.innerHTML === other.innerHTML) continue;
      const focused = targets(region).indexOf(document.activeElement as HTMLElement);
      if (name === "filters") reopen(region, other);
      region.replaceChildren(...other.childNodes);
      if (focused >= 0) focus(region, focused);
    }
    document.title = page.title;
    const search = list.querySelector<HTMLInputElement>("#search");
    const found = page.querySelector<HTMLInputElement>("#search");
    if (search && found && search !== document.activeElement) search.value = found.value;
    if (found?.ariaInvalid) search?.setAttribute("aria-invalid", found.ariaInvalid);
    else search?.removeAttribute("aria-invalid");
  }

  /** What is unfolded stays so. */
  function reopen(old: HTMLElement, fresh: HTMLElement): void {
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    fresh.querySelectorAll("details").forEach((details, i) => (details.open ||= open[i] ?? false));
  }

  const targets = (region: HTMLElement) => [...region.querySelectorAll<HTMLElement>("a, button, summary")];

  /** What stands where the focus was, what unfolds it, or the button of the filters. */
  function focus(region: HTMLElement, at: number): void {
    const all = targets(region);
    const same = all[Math.min(at, all.length - 1)];
    const place = same?.checkVisibility() ? same : all.find((target) => target.checkVisibility());
    (place ?? list.querySelector<HTMLElement>("[data-filters] summary"))?.focus();
  }

  async function go(url: URL, how: "push" | "replace" | "", from: Element | null): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    here = url;
    list.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: mine.signal });
      // What is being typed need not be anything yet: it is refused once it is sent.
      if (answer.status === 422 && from?.matches("#search")) return done(mine);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine.signal.aborted) return;
      if (answer.redirected || !page.querySelector("[data-list]")) {
        location.href = url.href; // signed out, say
        return;
      }
      // As the portal says it: without what is usual, and fields that are empty.
      here = new URL(page.querySelector<HTMLElement>("[data-region=shown]")?.dataset["href"] ?? url.href, url);
      if (how === "push") history.pushState(null, "", here);
      if (how === "replace") history.replaceState(null, "", here);
      take(page, from);
      say(regions(list).get("shown")?.textContent ?? "");
    } catch {
      if (mine.signal.aborted) return;
      say(list.dataset["textOffline"] ?? "", true);
    }
    done(mine);
  }

  function done(mine: AbortController): void {
    if (asking === mine) list.removeAttribute("aria-busy");
  }

  function say(text: string, wrong = false): void {
    if (!status) return;
    status.className = wrong ? "list-offline" : "hidden";
    status.textContent = text;
  }

  /** The address of here with the pairs in place of what those names were before. */
  function changed(drop: (name: string) => boolean, pairs: Iterable<[string, string]>): URL {
    const url = new URL(here);
    for (const name of [...url.searchParams.keys()]) if (drop(name) || name === "cursor") url.searchParams.delete(name);
    for (const [name, value] of pairs) if (value.trim() !== "") url.searchParams.append(name, value);
    return url;
  }

  const searched = (form: HTMLFormElement) => {
    const text = String(new FormData(form).get("q") ?? "");
    return changed((name) => name === "q", [["q", text]]);
  };

  const filtered = (form: HTMLFormElement) => {
    const pairs = [...new FormData(form)].map(([name, value]): [string, string] => [name, String(value)]);
    const asks = (name: string) => name.startsWith("f.") || name === "columns";
    return changed(
      asks,
      pairs.filter(([name]) => asks(name)),
    );
  };

  let timer = 0;
  list.addEventListener("input", (event) => {
    const field = event.target as HTMLInputElement;
    if (field.id !== "search" || (event as InputEvent).isComposing) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const text = field.value.trim();
      // One letter is found by whole words only: not before somebody asks for it.
      if (field.form && text.length !== 1) void go(searched(field.form), "replace", field);
    }, quiet);
  });

  list.addEventListener("change", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("[data-filter-form]");
    if (form) void go(filtered(form), "replace", form);
  });

  list.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.matches("[role=search]")) {
      event.preventDefault();
      clearTimeout(timer);
      void go(searched(form), "push", form);
    } else if (form.matches("[data-filter-form]")) {
      event.preventDefault();
      const details = form.closest("details[data-filters]") as HTMLDetailsElement | null;
      void go(filtered(form), "push", null).then(() => {
        // What is wrong is said inside.
        if (!details || details.querySelector(".error")) return;
        details.open = false;
        details.querySelector("summary")?.focus();
      });
    }
  });

  list.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    // Rows and pages are left to the browser, which scrolls and goes back.
    const url = new URL(link.href);
    const rows = link.closest("[data-region=rows]");
    if (!link.closest("[data-region]") || (rows && !link.matches("th a, .empty a")) || url.pathname !== location.pathname || url.origin !== location.origin) return;
    event.preventDefault();
    void go(url, "push", link.closest("[data-filter-form]") ? null : link);
  });

  window.addEventListener("popstate", () => void go(new URL(location.href), "", null));
}

export {};
