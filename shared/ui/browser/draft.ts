// Drafts stay in this browser, encrypted by a key that only pages of the same
// contact carry: on a shared computer the next person can neither see nor
// restore them, and finding one that is not theirs deletes it.

const prefix = "postern-draft:";

export interface DraftFile {
  id: string;
  name: string;
  type: string;
  size: number;
}

export interface Draft {
  /** The client id of the reply. */
  id: string;
  html: string;
  text: string;
  files: DraftFile[];
  /** What was sent under the id, if it was: see Reply.identify. */
  sent?: string;
}

export interface Drafts<D = Draft> {
  load(): Promise<D | null>;
  save(draft: D): Promise<void>;
  remove(): void;
}

/** Opens the drafts of one ticket or form: name is PORTAL/TICKET, key base64 of 32
    bytes. null where the browser keeps nothing. */
export async function openDrafts<D = Draft>(name: string, key: string): Promise<Drafts<D> | null> {
  if (!name || !key || !("crypto" in window) || !crypto.subtle) return null;
  let storage: Storage;
  let cipher: CryptoKey;
  try {
    storage = window.localStorage;
    const raw = Uint8Array.from(atob(key), (c) => c.charCodeAt(0));
    cipher = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  } catch {
    return null;
  }

  const read = async (entry: string): Promise<D | null> => {
    const stored = storage.getItem(entry);
    if (stored === null) return null;
    try {
      const bytes = Uint8Array.from(atob(stored), (c) => c.charCodeAt(0));
      const plain = await crypto.subtle.decrypt(
        { name: "AES-GCM", iv: bytes.subarray(0, 12), additionalData: new TextEncoder().encode(entry) },
        cipher,
        bytes.subarray(12),
      );
      return JSON.parse(new TextDecoder().decode(plain)) as D;
    } catch {
      storage.removeItem(entry);
      return null;
    }
  };

  const portal = prefix + name.slice(0, name.indexOf("/") + 1);
  const entries = Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? "");
  for (const entry of entries) {
    if (entry.startsWith(portal)) await read(entry);
  }

  const own = prefix + name;
  let turn = 0;
  return {
    load: () => read(own),
    async save(draft) {
      const mine = ++turn;
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const sealed = await crypto.subtle.encrypt(
        { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(own) },
        cipher,
        new TextEncoder().encode(JSON.stringify(draft)),
      );
      if (mine !== turn) return; // a later state was saved or removed meanwhile
      let binary = "";
      for (const byte of [...iv, ...new Uint8Array(sealed)]) binary += String.fromCharCode(byte);
      try {
        storage.setItem(own, btoa(binary));
      } catch {
        // The browser's storage is full; the text stays in the box.
      }
    },
    remove() {
      turn++;
      storage.removeItem(own);
    },
  };
}

/** Drafts of who is nobody's contact: they stay in this tab, and end with it. */
export function tabDrafts<D>(name: string): Drafts<D> {
  const own = prefix + name;
  const store = <T>(use: (storage: Storage) => T): T | null => {
    try {
      return use(sessionStorage);
    } catch {
      return null; // nothing is kept here
    }
  };
  return {
    load: async () => JSON.parse(store((s) => s.getItem(own)) ?? "null") as D | null,
    save: async (draft) => void store((s) => s.setItem(own, JSON.stringify(draft))),
    remove: () => void store((s) => s.removeItem(own)),
  };
}
