// Tells that someone answered while the page was open, without moving it.

const often = 20_000;
const seldom = 300_000;

/** Shows one of the conversation's notices in its live region. */
export function notice(conversation: HTMLElement, name: "new-answer" | "session-ended"): void {
  const place = conversation.querySelector<HTMLElement>("[data-news]");
  const template = conversation.querySelector<HTMLTemplateElement>(`template[data-template="${name}"]`);
  if (!place || !template || place.dataset["shows"] === name) return;
  place.dataset["shows"] = name;
  place.replaceChildren(template.content.cloneNode(true));
}

/** Asks every 20 s while the page is in view; more seldom while nothing comes
    and after errors; not at all once the session has ended. */
export function watch(conversation: HTMLElement): void {
  const url = conversation.dataset["activityUrl"];
  if (!url) return;
  const known = conversation.dataset["lastMessage"] ?? "";
  let wait = often;
  let timer = 0;
  let quiet = 0;
  let stopped = false;

  const plan = () => {
    clearTimeout(timer);
    if (!stopped && document.visibilityState === "visible") timer = window.setTimeout(ask, wait);
  };

  const ask = async () => {
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.status === 401) {
        stopped = true;
        notice(conversation, "session-ended");
        return;
      }
      if (answer.status === 403 || answer.status === 404) {
        stopped = true; // nothing will ever come
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const { last_message: last } = (await answer.json()) as { last_message: string };
      if (last && last !== known) {
        stopped = true;
        notice(conversation, "new-answer");
        return;
      }
      // Twenty minutes without news: someone left the page open.
      quiet++;
      wait = quiet < 60 ? often : Math.min(wait * 1.5, seldom);
    } catch {
      wait = Math.min(wait * 2, seldom);
    }
    plan();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") {
      clearTimeout(timer);
      return;
    }
    quiet = 0;
    wait = often;
    if (!stopped) void ask();
  });
  plan();
}
