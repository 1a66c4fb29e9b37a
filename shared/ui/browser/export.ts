// Follows an export that is being made: asks for its page again, and shows what that says
// by then. Only that it has ended is announced.

const often = 2_000;
const seldom = 15_000;

const place = document.querySelector<HTMLElement>("[data-export='running']");

/** Returns how long to wait for the next look, or 0 where there is nothing more to see. */
async function look(place: HTMLElement, wait: number): Promise<number> {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.redirected || answer.status === 403 || answer.status === 404) {
    location.reload(); // nobody is signed in any more, or it is gone: the page says which
    return 0;
  }
  if (!answer.ok) return Math.min(wait * 2, seldom);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.querySelector<HTMLElement>("[data-export]");
  if (!now) return seldom;
  const ended = now.dataset["export"] !== "running";
  if (!ended && now.textContent === place.textContent) return Math.min(wait * 1.2, seldom);
  if (ended) place.setAttribute("aria-live", "polite");
  place.replaceChildren(...now.childNodes);
  place.dataset["export"] = now.dataset["export"];
  return ended ? 0 : often;
}

if (place) {
  let wait = often;
  const plan = () => setTimeout(ask, wait);
  const ask = async () => {
    try {
      if (document.visibilityState === "visible") wait = await look(place, wait);
    } catch {
      wait = Math.min(wait * 2, seldom);
    }
    if (wait > 0) plan();
  };
  plan();
}
