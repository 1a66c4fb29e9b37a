// On the builder of forms: the preview follows what is typed.
import { answer } from "./answer";

const form = document.querySelector<HTMLFormElement>("form[data-settings]");

let waiting: ReturnType<typeof setTimeout> | undefined;

/** What has just been asked for: an answer to what was asked before it is too late. */
let asked = 0;

const frameOf = (page: ParentNode): HTMLIFrameElement | null => page.querySelector("iframe[data-preview]");

async function refresh(form: HTMLFormElement): Promise<void> {
  const mine = ++asked;
  const data = new FormData(form);
  data.set("_do", "refresh");
  const { page } = await answer(form, data);
  const next = frameOf(page);
  const shown = frameOf(form);
  if (mine !== asked || !next || !shown || next.srcdoc === shown.srcdoc) return;
  shown.srcdoc = next.srcdoc;
}

form?.addEventListener("input", () => {
  clearTimeout(waiting);
  // Where it fails, the next one may do, and a button says what the matter is.
  waiting = setTimeout(() => void refresh(form).catch(() => undefined), 400);
});
