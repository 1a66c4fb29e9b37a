// Signing in with a passkey, and adding one: on the pages that have such a button.
// Without it, or in a browser that does not know passkeys, there is none.
import {
  browserSupportsWebAuthn,
  startAuthentication,
  startRegistration,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/browser";

interface Settings {
  options: string;
  finish: string;
  next: string;
  texts: { cancelled: string; known: string; incapable: string; elsewhere: string; failed: string };
}

/** What the server refused, in its own words. */
class Refused extends Error {
  constructor(
    message: string,
    readonly field: string,
  ) {
    super(message);
  }
}

interface Problem {
  detail?: string;
  errors?: { field: string; message: string }[];
}

async function post(url: string, body: object): Promise<unknown> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.ok) return text ? JSON.parse(text) : null;
  let problem: Problem = {};
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    // Not the portal's own answer.
  }
  const first = problem.errors?.[0];
  throw new Refused(first?.message ?? problem.detail ?? "", first?.field ?? "");
}

/** What went wrong, as the reader is told it. */
function said(error: unknown, { texts }: Settings): string {
  if (error instanceof Refused) return error.message || texts.failed;
  switch ((error as { name?: string }).name) {
    case "NotAllowedError":
    case "AbortError":
      return texts.cancelled;
    case "InvalidStateError":
      return texts.known || texts.failed;
    case "ConstraintError":
    case "NotSupportedError":
      return texts.incapable || texts.failed;
    case "SecurityError":
      return texts.elsewhere;
  }
  return texts.failed;
}

/** Does it once at a time, and says what became of it. */
function run(root: HTMLElement, button: HTMLButtonElement, settings: Settings, ceremony: () => Promise<void>): () => void {
  const problem = root.querySelector<HTMLElement>("[data-problem]")!;
  const label = button.querySelector(".label")!;
  const rest = label.textContent;
  const busy = (on: boolean) => {
    button.toggleAttribute("aria-busy", on);
    if (on) button.setAttribute("aria-busy", "true");
    label.textContent = on ? (button.dataset["busy"] ?? rest) : rest;
  };
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) busy(false);
  });
  return () => {
    if (button.hasAttribute("aria-busy")) return;
    busy(true);
    problem.hidden = true;
    ceremony().then(
      () => location.assign(settings.next),
      (error: unknown) => {
        busy(false);
        const text = said(error, settings);
        if (!text) return;
        problem.querySelector("span")!.textContent = text;
        problem.hidden = false;
      },
    );
  };
}

function signIn(root: HTMLElement): void {
  const settings = JSON.parse(root.dataset["passkeySignIn"]!) as Settings;
  const button = root.querySelector<HTMLButtonElement>("[data-start]")!;
  const start = run(root, button, settings, async () => {
    const { publicKey } = (await post(settings.options, {})) as { publicKey: PublicKeyCredentialRequestOptionsJSON };
    await post(settings.finish, { credential: await startAuthentication({ optionsJSON: publicKey }) });
  });
  button.addEventListener("click", start);
  root.hidden = false;
}

function add(form: HTMLFormElement): void {
  const settings = JSON.parse(form.dataset["passkeyAdd"]!) as Settings;
  const button = form.querySelector<HTMLButtonElement>("button")!;
  const name = form.querySelector<HTMLInputElement>("input[name=name]")!;
  const current = form.querySelector<HTMLInputElement>("input[name=current]")!;
  const proof = form.querySelector<HTMLElement>("[data-proof]")!;
  const start = run(form, button, settings, async () => {
    let options: PublicKeyCredentialCreationOptionsJSON;
    try {
      ({ publicKey: options } = (await post(settings.options, { current: current.value })) as {
        publicKey: PublicKeyCredentialCreationOptionsJSON;
      });
    } catch (error) {
      if (error instanceof Refused && error.field === "current") {
        proof.hidden = false;
        current.value = "";
        current.focus();
      }
      throw error;
    }
    const credential = await startRegistration({ optionsJSON: options });
    await post(settings.finish, { credential, name: name.value.trim() });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  form.hidden = false;
}

if (browserSupportsWebAuthn()) {
  for (const root of document.querySelectorAll<HTMLElement>("[data-passkey-sign-in]")) signIn(root);
  for (const form of document.querySelectorAll<HTMLFormElement>("[data-passkey-add]")) add(form);
  for (const none of document.querySelectorAll<HTMLElement>("[data-passkey-none]")) none.hidden = true;
}
