// The formatted text of a reply: ProseMirror with the few things that mail and
// a ticket need. Fetched when the reply box is first used.
import {
  baseKeymap,
  chainCommands,
  exitCode,
  lift,
  setBlockType,
  toggleMark,
  wrapIn,
} from "prosemirror-commands";
import { history, redo, undo } from "prosemirror-history";
import { inputRules, textblockTypeInputRule, wrappingInputRule } from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import { DOMParser as SchemaParser, DOMSerializer, Schema, type Mark, type Node, type NodeType } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { EditorState, Plugin, TextSelection, type Command } from "prosemirror-state";
import { EditorView } from "prosemirror-view";

const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: {
      content: "inline*",
      group: "block",
      // Headings of pasted pages become paragraphs.
      parseDOM: ["p", "h1", "h2", "h3", "h4", "h5", "h6"].map((tag) => ({ tag })),
      toDOM: () => ["p", 0],
    },
    blockquote: { content: "block+", group: "block", defining: true, parseDOM: [{ tag: "blockquote" }], toDOM: () => ["blockquote", 0] },
    code_block: {
      content: "text*",
      marks: "",
      group: "block",
      code: true,
      defining: true,
      parseDOM: [{ tag: "pre", preserveWhitespace: "full" }],
      toDOM: () => ["pre", ["code", 0]],
    },
    bullet_list: { content: "list_item+", group: "block", parseDOM: [{ tag: "ul" }], toDOM: () => ["ul", 0] },
    ordered_list: { content: "list_item+", group: "block", parseDOM: [{ tag: "ol" }], toDOM: () => ["ol", 0] },
    list_item: { content: "paragraph block*", defining: true, parseDOM: [{ tag: "li" }], toDOM: () => ["li", 0] },
    text: { group: "inline" },
    // An uploaded image, by the id of its attachment. Images of other pages
    // are dropped: they would be fetched from whoever put them there.
    image: {
      inline: true,
      group: "inline",
      draggable: true,
      attrs: { cid: { default: "" }, alt: { default: "" } },
      parseDOM: [
        {
          tag: 'img[src^="cid:"]',
          getAttrs: (element) => ({
            cid: (element.getAttribute("src") ?? "").slice("cid:".length),
            alt: element.getAttribute("alt") ?? "",
          }),
        },
      ],
      toDOM: (node) => ["img", { src: "cid:" + String(node.attrs["cid"]), alt: String(node.attrs["alt"]) }],
    },
    hard_break: { inline: true, group: "inline", selectable: false, parseDOM: [{ tag: "br" }], toDOM: () => ["br"] },
  },
  marks: {
    link: {
      attrs: { href: {} },
      inclusive: false,
      parseDOM: [
        {
          tag: "a[href]",
          getAttrs: (element) => {
            const href = address(element.getAttribute("href") ?? "");
            return href ? { href } : false;
          },
        },
      ],
      toDOM: (mark) => ["a", { href: String(mark.attrs["href"]) }, 0],
    },
    italic: { parseDOM: [{ tag: "i" }, { tag: "em" }, { style: "font-style=italic" }], toDOM: () => ["em", 0] },
    bold: {
      parseDOM: [
        { tag: "strong" },
        // Google Docs wraps what it copies in a <b> that is not bold.
        { tag: "b", getAttrs: (element) => element.style.fontWeight !== "normal" && null },
        { style: "font-weight", getAttrs: (value) => /^(bold(er)?|[6-9]\d{2})$/.test(value) && null },
      ],
      toDOM: () => ["strong", 0],
    },
    code: { code: true, parseDOM: [{ tag: "code" }], toDOM: () => ["code", 0] },
  },
});

const { nodes, marks } = schema;

/** What was typed as a link's address, made one; "" where it cannot be. */
function address(typed: string): string {
  typed = typed.trim();
  if (/^(https?:\/\/|mailto:|tel:)\S+$/i.test(typed)) return typed;
  if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(typed)) return "mailto:" + typed;
  if (/^[^\s/:.]+(\.[^\s/:.]+)+([/?#:]\S*)?$/.test(typed)) return "https://" + typed;
  return "";
}

export interface EditorOptions {
  mount: HTMLElement;
  toolbar: HTMLElement;
  linkBar: HTMLElement;
  labelledBy: string;
  describedBy: string | null;
  html: string;
  text: string;
  /** Where the caret was in text, to go on from there. */
  caret: number;
  /** The preview of an attachment, or "" where it is no longer at hand. */
  preview(cid: string): string;
  changed(): void;
  /** Pasted files; images among them come back by image(). */
  pasted(files: File[]): void;
  send(): void;
}

export interface ReplyEditor {
  readonly element: HTMLElement;
  html(): string;
  text(): string;
  empty(): boolean;
  focus(): void;
  replace(html: string): void;
  image(cid: string, name: string): void;
  removeImage(cid: string): void;
}

export function openEditor(options: EditorOptions): ReplyEditor {
  const start = options.html ? fromHTML(options.html) : fromText(options.text);
  let state = EditorState.create({
    doc: start,
    plugins: [
      history(),
      inputRules({
        rules: [
          wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
          wrappingInputRule(/^\s*[-*]\s$/, nodes.bullet_list),
          wrappingInputRule(/^1[.)]\s$/, nodes.ordered_list),
          textblockTypeInputRule(/^```$/, nodes.code_block),
        ],
      }),
      keymap({
        "Mod-b": tool("bold"),
        "Mod-i": tool("italic"),
        "Mod-z": undo,
        "Mod-y": redo,
        "Shift-Mod-z": redo,
        "Mod-k": () => openLinkBar(),
        "Alt-F10": () => focusTool(),
        "Mod-Enter": () => (options.send(), true),
        "Shift-Enter": chainCommands(newlineInCode, lineBreak),
        // Tab is not among these: it leaves the editor, as it leaves a field.
        "Mod-]": sinkListItem(nodes.list_item),
        "Mod-[": liftListItem(nodes.list_item),
        Enter: chainCommands(leaveCode, splitListItem(nodes.list_item)),
        ArrowDown: leaveCodeBelow,
      }),
      keymap(baseKeymap),
      new Plugin({ view: () => ({ update: () => showState() }) }),
    ],
  });
  if (!options.html && options.text) {
    state = state.apply(state.tr.setSelection(TextSelection.near(start.resolve(textPosition(start, options.caret)))));
  }

  const attributes: Record<string, string> = {
    id: "reply-editor",
    class: "prose",
    role: "textbox",
    "aria-multiline": "true",
    "aria-labelledby": options.labelledBy,
    spellcheck: "true",
  };
  if (options.describedBy) attributes["aria-describedby"] = options.describedBy;

  const view = new EditorView(options.mount, {
    state,
    attributes,
    dispatchTransaction(transaction) {
      view.updateState(view.state.apply(transaction));
      if (transaction.docChanged) options.changed();
    },
    nodeViews: {
      image(node) {
        const source = options.preview(String(node.attrs["cid"]));
        if (!source) {
          const name = document.createElement("span");
          name.className = "image-name";
          name.textContent = String(node.attrs["alt"]);
          return { dom: name };
        }
        const image = document.createElement("img");
        image.src = source;
        image.alt = String(node.attrs["alt"]);
        return { dom: image };
      },
    },
    handlePaste(_, event) {
      const data = event.clipboardData;
      if (!data) return false;
      // Spreadsheets and word processors add a picture of the text they copy:
      // where there is text, it is meant.
      const text = data.getData("text/plain").trim();
      if (data.files.length > 0 && text === "") {
        options.pasted([...data.files]);
        return true;
      }
      if (/^https?:\/\/\S+$/.test(text)) return link(text, false);
      return false;
    },
    // Dropped files are the form's to take.
    handleDrop: (_, event) => (event.dataTransfer?.files.length ?? 0) > 0,
  });

  // The toolbar is one stop of the Tab key; arrows move inside it.
  const buttons = [...options.toolbar.querySelectorAll<HTMLButtonElement>("[data-tool]")];
  buttons.forEach((button, i) => {
    button.tabIndex = i === 0 ? 0 : -1;
    // Keeps the selection and, on phones, the keyboard.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", (event) => {
      const name = button.dataset["tool"] ?? "";
      if (name === "link") {
        openLinkBar();
        return;
      }
      tool(name)(view.state, view.dispatch);
      // A pointer goes on writing; the keyboard stays where it is.
      if (event.detail > 0) view.focus();
    });
  });
  options.toolbar.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const last = buttons.length - 1;
    let to: number;
    switch (event.key) {
      case "ArrowRight":
        to = at === last ? 0 : at + 1;
        break;
      case "ArrowLeft":
        to = at <= 0 ? last : at - 1;
        break;
      case "Home":
        to = 0;
        break;
      case "End":
        to = last;
        break;
      case "Escape":
        view.focus();
        return;
      default:
        return;
    }
    event.preventDefault();
    buttons.forEach((button, i) => (button.tabIndex = i === to ? 0 : -1));
    buttons[to]?.focus();
  });

  function focusTool(): boolean {
    buttons.find((button) => button.tabIndex === 0)?.focus();
    return true;
  }

  function showState(): void {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(active(view.state, button.dataset["tool"] ?? "")));
    }
  }

  // Links are set in a bar below the text: a dialog of the browser could
  // neither be styled nor translated.
  const input = options.linkBar.querySelector("input")!;
  const remove = options.linkBar.querySelector<HTMLButtonElement>("[data-link-remove]")!;

  function openLinkBar(): boolean {
    const mark = linkAt(view.state);
    input.value = mark ? String(mark.attrs["href"]) : "";
    input.removeAttribute("aria-invalid");
    remove.hidden = !mark;
    options.linkBar.hidden = false;
    input.focus();
    return true;
  }

  function closeLinkBar(): void {
    options.linkBar.hidden = true;
    view.focus();
  }

  function applyLink(): void {
    const href = address(input.value);
    if (!href) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
      return;
    }
    link(href, true);
    closeLinkBar();
  }

  options.linkBar.querySelector("[data-link-apply]")!.addEventListener("click", applyLink);
  remove.addEventListener("click", () => {
    const range = linkRange(view.state);
    if (range) view.dispatch(view.state.tr.removeMark(range.from, range.to, marks.link));
    closeLinkBar();
  });
  options.linkBar.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      closeLinkBar();
    }
    if (event.key === "Enter" && event.target === input) {
      event.preventDefault();
      applyLink();
    }
  });

  /** Links the selection, or where there is none the link around the caret;
      else writes the address as a link. */
  function link(href: string, around: boolean): boolean {
    const { from, to, empty, $from } = view.state.selection;
    if ($from.parent.type.spec.code) return false;
    const mark = marks.link.create({ href });
    const transaction = view.state.tr;
    const range = empty && around ? linkRange(view.state) : null;
    if (range) transaction.removeMark(range.from, range.to, marks.link).addMark(range.from, range.to, mark);
    else if (!empty) transaction.removeMark(from, to, marks.link).addMark(from, to, mark);
    else transaction.replaceSelectionWith(schema.text(href.replace(/^mailto:/, ""), [mark]), false);
    view.dispatch(transaction.scrollIntoView());
    return true;
  }

  showState();

  return {
    element: view.dom,
    html() {
      if (this.empty()) return "";
      const page = document.implementation.createHTMLDocument("");
      const box = page.createElement("div");
      DOMSerializer.fromSchema(schema).serializeFragment(view.state.doc.content, { document: page }, box);
      return box.innerHTML;
    },
    text() {
      return view.state.doc
        .textBetween(0, view.state.doc.content.size, "\n\n", (leaf) => (leaf.type === nodes.hard_break ? "\n" : ""))
        .trim();
    },
    empty() {
      if (view.state.doc.textContent.trim() !== "") return false;
      let image = false;
      view.state.doc.descendants((node) => {
        image ||= node.type === nodes.image;
      });
      return !image;
    },
    focus: () => view.focus(),
    replace(html) {
      const doc = fromHTML(html);
      view.dispatch(view.state.tr.replaceWith(0, view.state.doc.content.size, doc.content));
    },
    image(cid, name) {
      view.dispatch(view.state.tr.replaceSelectionWith(nodes.image.create({ cid, alt: name })).scrollIntoView());
    },
    removeImage(cid) {
      const transaction = view.state.tr;
      view.state.doc.descendants((node, position) => {
        if (node.type === nodes.image && node.attrs["cid"] === cid) {
          transaction.delete(transaction.mapping.map(position), transaction.mapping.map(position + node.nodeSize));
        }
      });
      if (transaction.docChanged) view.dispatch(transaction);
    },
  };
}

function fromHTML(html: string): Node {
  // An inert document: nothing in it is fetched or run.
  return SchemaParser.fromSchema(schema).parse(new DOMParser().parseFromString(html, "text/html").body);
}

function fromText(text: string): Node {
  const blocks = text.replace(/\r\n?/g, "\n").split(/\n{2,}/).map((block) => {
    const content: Node[] = [];
    block.split("\n").forEach((line, i) => {
      if (i > 0) content.push(nodes.hard_break.create());
      if (line) content.push(schema.text(line));
    });
    return nodes.paragraph.create(null, content);
  });
  return nodes.doc.create(null, blocks);
}

/** The position after so many characters of plain text, breaks included. */
function textPosition(doc: Node, offset: number): number {
  let position = doc.content.size;
  let seen = 0;
  let found = false;
  doc.forEach((block, start) => {
    if (found) return;
    const length = block.content.size;
    if (offset <= seen + length) {
      position = start + 1 + Math.max(0, offset - seen);
      found = true;
    }
    seen += length + 2;
  });
  return position;
}

function inside(state: EditorState, type: NodeType): boolean {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth--) {
    if ($from.node(depth).type === type) return true;
  }
  return false;
}

function active(state: EditorState, name: string): boolean {
  const { from, to, empty, $from } = state.selection;
  const marked = (mark: "bold" | "italic" | "link" | "code") =>
    empty
      ? marks[mark].isInSet(state.storedMarks ?? $from.marks()) !== undefined
      : state.doc.rangeHasMark(from, to, marks[mark]);
  switch (name) {
    case "bold":
    case "italic":
      return marked(name);
    case "link":
      return empty ? linkAt(state) !== undefined : marked(name);
    case "code":
      return $from.parent.type === nodes.code_block || marked("code");
    case "quote":
      return inside(state, nodes.blockquote);
    case "bullets":
      return nearestList(state) === nodes.bullet_list;
    case "numbers":
      return nearestList(state) === nodes.ordered_list;
  }
  return false;
}

function nearestList(state: EditorState): NodeType | null {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth--) {
    const { type } = $from.node(depth);
    if (type === nodes.bullet_list || type === nodes.ordered_list) return type;
  }
  return null;
}

/** The command of a tool: it turns the thing on or off. */
function tool(name: string): Command {
  switch (name) {
    case "bold":
    case "italic":
      return toggleMark(marks[name]);
    case "quote":
      return (state, dispatch) => (inside(state, nodes.blockquote) ? lift : wrapIn(nodes.blockquote))(state, dispatch);
    case "bullets":
      return list(nodes.bullet_list);
    case "numbers":
      return list(nodes.ordered_list);
    case "code":
      // Words inside a paragraph are code in the line; else it is a block.
      return (state, dispatch) => {
        const { empty, $from, $to } = state.selection;
        if ($from.parent.type === nodes.code_block) return setBlockType(nodes.paragraph)(state, dispatch);
        if (!empty && $from.sameParent($to)) return toggleMark(marks.code)(state, dispatch);
        return setBlockType(nodes.code_block)(state, dispatch);
      };
  }
  return () => false;
}

function list(type: NodeType): Command {
  return (state, dispatch) => {
    const present = nearestList(state);
    if (present === type) return liftListItem(nodes.list_item)(state, dispatch);
    if (!present) return wrapInList(type)(state, dispatch);
    // The other kind of list: change it in place.
    const { $from } = state.selection;
    for (let depth = $from.depth; depth > 0; depth--) {
      if ($from.node(depth).type === present) {
        dispatch?.(state.tr.setNodeMarkup($from.before(depth), type));
        return true;
      }
    }
    return false;
  };
}

const lineBreak: Command = (state, dispatch) => {
  dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
  return true;
};

const newlineInCode: Command = (state, dispatch) => {
  if (state.selection.$from.parent.type !== nodes.code_block) return false;
  dispatch?.(state.tr.insertText("\n").scrollIntoView());
  return true;
};

/** Enter on an empty last line of code goes on below it. */
const leaveCode: Command = (state, dispatch) => {
  const { $from, empty } = state.selection;
  const { parent } = $from;
  if (!empty || parent.type !== nodes.code_block || $from.parentOffset !== parent.content.size) return false;
  if (!parent.textContent.endsWith("\n")) return false;
  if (dispatch) {
    const trimmed = state.apply(state.tr.delete($from.pos - 1, $from.pos));
    exitCode(trimmed, (transaction) => {
      const after = state.tr.delete($from.pos - 1, $from.pos);
      transaction.steps.forEach((step) => after.step(step));
      dispatch(after.setSelection(TextSelection.near(after.doc.resolve($from.after() - 1), 1)).scrollIntoView());
    });
  }
  return true;
};

/** Arrow down at the end of code that ends the text goes on below it. */
const leaveCodeBelow: Command = (state, dispatch, view) => {
  const { $from, empty } = state.selection;
  if (!empty || $from.parent.type !== nodes.code_block || $from.after() !== state.doc.content.size) return false;
  if (view && !view.endOfTextblock("down")) return false;
  return exitCode(state, dispatch);
};

function linkAt(state: EditorState): Mark | undefined {
  const { $from, from, to, empty } = state.selection;
  if (empty) return marks.link.isInSet($from.marks()) ?? marks.link.isInSet($from.nodeAfter?.marks ?? []);
  let found: Mark | undefined;
  state.doc.nodesBetween(from, to, (node) => {
    found ??= marks.link.isInSet(node.marks);
  });
  return found;
}

/** The whole of the link around the selection. */
function linkRange(state: EditorState): { from: number; to: number } | null {
  const mark = linkAt(state);
  if (!mark) return null;
  const { $from, to } = state.selection;
  const base = $from.start();
  let range: { from: number; to: number } | null = null;
  $from.parent.forEach((child, offset) => {
    if (!mark.isInSet(child.marks)) return;
    const from = base + offset;
    const end = from + child.nodeSize;
    if (range && range.to === from) range.to = end;
    else if (!range || range.to < $from.pos) range = { from, to: end };
  });
  return range ?? { from: $from.pos, to };
}
