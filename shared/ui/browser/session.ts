// Says that the session is about to end, and takes the page away when it has:
// nothing of it stays on the screen. Times are compared and never counted,
// since timers stand still while a laptop sleeps; and before a page goes, the
// server is asked, since it alone knows. Without script the server refuses.

interface Session {
  portal: string;
  person: string; // "" where nobody is signed in
  idle: number; // seconds without use that end it
  left: number; // seconds until it ends in any case
  check: string; // asks how long, which is no use of it
  use: string; // asks something, which is
  end: string;
  signIn: string;
}

/** What tabs of a portal tell each other: who is signed in, just now. */
interface News {
  person: string;
  left: number; // ms
}

const warning = 120_000;
const minute = 60_000;

let leaving = false;

// Nothing asks whether to stay on a page that must go. Registered before what
// would ask.
window.addEventListener("beforeunload", (event) => {
  if (leaving) event.stopImmediatePropagation();
});

export function watchSession(): void {
  const data = document.body.dataset["session"];
  if (!data) return;
  const session = JSON.parse(data) as Session;
  const others = new BroadcastChannel(`postern-session:${session.portal}`);
  const idle = session.idle * 1000;
  const ahead = Math.min(warning, idle / 2);
  const every = Math.max(minute, idle / 10);

  let used = Date.now(); // as the server knows
  let over = used + session.left * 1000;
  let acted = used;
  let asked = used;
  let checking = false;
  let dismissed = false;
  let timer = 0;

  const tell = () => others.postMessage({ person: session.person, left: over - Date.now() } satisfies News);
  tell();
  if (!session.person) return;

  const dialog = (kind: string) => document.querySelector<HTMLDialogElement>(`dialog[data-session-end="${kind}"]`)!;
  const idling = dialog("idle");
  const ending = dialog("over");
  const problem = idling.querySelector<HTMLElement>("[data-problem]")!;

  const ask = async (url: string) => {
    asked = Date.now();
    return fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
  };

  /** Looks at the clock, does what is due and plans the next look. */
  function look(): void {
    clearTimeout(timer);
    if (leaving || checking) return;
    const now = Date.now();
    const end = Math.min(used + idle, over);
    if (now >= end) {
      void check(true);
      return;
    }
    let next = end - ahead;
    if (now >= next) {
      warn(end - now);
      next = now + 1000;
    } else {
      problem.hidden = true;
      idling.close();
      ending.close();
      if (acted > used) {
        const due = Math.max(used + every, asked + minute);
        if (now >= due) {
          void use();
          return;
        }
        next = Math.min(next, due);
      }
    }
    timer = window.setTimeout(look, Math.min(next - now, 24 * 60 * minute));
  }

  function warn(left: number): void {
    const shown = used + idle <= over ? idling : ending;
    if (shown === ending && dismissed) return;
    const seconds = Math.ceil(left / 1000);
    shown.querySelector("[data-left]")!.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (!shown.open) shown.showModal();
  }

  /** Uses the session; tells whether the server was reached. */
  async function use(): Promise<boolean> {
    const now = Date.now();
    let reached = false;
    try {
      const answer = await ask(session.use);
      if (answer.status === 401) {
        leave("ended");
        return true;
      }
      if (answer.ok) {
        if (((await answer.json()) as { id: string }).id !== session.person) {
          leave("ended"); // somebody else has signed in
          return true;
        }
        used = now;
        reached = true;
        tell();
      }
    } catch {
      // The warning comes in time.
    }
    look();
    return reached;
  }

  /** Asks the server whether the session goes on, and leaves the page if not.
      hide keeps the page from being seen meanwhile. */
  async function check(hide: boolean): Promise<void> {
    if (checking || leaving) return;
    checking = true;
    clearTimeout(timer);
    document.documentElement.toggleAttribute("data-ended", hide);
    let why = Date.now() >= used + idle ? "idle" : "ended";
    let known = false;
    try {
      const answer = await ask(session.check);
      known = answer.ok || answer.status === 401;
      if (answer.ok) {
        const now = (await answer.json()) as { person: string; idle_seconds: number; seconds: number };
        if (now.person === session.person && now.idle_seconds > 0 && now.seconds > 0) {
          used = Date.now() - idle + now.idle_seconds * 1000;
          over = Date.now() + now.seconds * 1000;
          checking = false;
          document.documentElement.removeAttribute("data-ended");
          look();
          return;
        }
        // What the server grants beyond that must not bring the page back.
        if (now.person === session.person) {
          why = now.idle_seconds > 0 ? "ended" : "idle";
          await fetch(session.end, { method: "DELETE" });
        }
      }
    } catch {
      // Offline, or as good as that.
    }
    checking = false;
    if (hide || known) leave(why);
    else look();
  }

  function leave(why: string): void {
    leaving = true;
    clearTimeout(timer);
    document.documentElement.setAttribute("data-ended", "");
    location.replace(`${session.signIn}&signed-out=${why}`);
  }

  const stay = async () => {
    problem.hidden = await use();
  };
  idling.querySelector("[data-stay]")!.addEventListener("click", () => void stay());
  idling.addEventListener("cancel", (event) => {
    event.preventDefault();
    void stay();
  });
  // At once: the dialog says that it was closed only later, and would be opened again
  // by a look at the clock in between.
  const dismiss = () => (dismissed = true);
  ending.addEventListener("cancel", dismiss);
  ending.querySelector("[data-stay]")!.addEventListener("click", () => {
    dismiss();
    ending.close();
  });

  for (const type of ["pointerdown", "keydown", "input", "wheel"]) {
    document.addEventListener(
      type,
      () => {
        if (idling.open) return; // it has an answer of its own
        const first = acted <= used;
        acted = Date.now();
        if (first) look();
      },
      { passive: true, capture: true },
    );
  }
  others.addEventListener("message", ({ data: news }: MessageEvent<News>) => {
    if (news.person !== session.person) {
      void check(true);
      return;
    }
    used = Date.now();
    over = used + news.left;
    look();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    look();
    if (Date.now() - asked > minute) void check(false);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) void check(true);
  });
  look();
}
