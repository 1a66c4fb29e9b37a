// Which fields of a form are asked, with the answers so far: what the server's
// portal.Form.Asks says, word for word. Both are held against one table of cases,
// shared/portal/testdata/conditions.json.

/** Any of the groups, each of which is all of its conditions; none always matches. */
export type Filter = Condition[][];

export interface Condition {
  field: string;
  op: string;
  values: string[];
}

export interface Field {
  name: string;
  /** The property's type, or "domain" of a company's. */
  type: string;
  when: Filter;
}

/** The fields that are asked. Answers are as they are stored; the answer to a field
    that is not asked counts as none for those after it. */
export function asks(fields: Field[], answers: ReadonlyMap<string, string>): Set<string> {
  const types = new Map(fields.map((field) => [field.name, field.type]));
  const asked = new Set<string>();
  for (const field of fields) {
    const matching = matches(field.when, (name) => {
      const type = types.get(name);
      if (type === undefined) return undefined;
      return { type, have: asked.has(name) ? split(answers.get(name) ?? "", type) : [] };
    });
    if (matching) asked.add(field.name);
  }
  return asked;
}

/** An answer as it is stored: "" where nothing is said, or nothing that is taken. */
export function stored(values: string[], type: string): string {
  const value = trim(values.join(";"));
  switch (type) {
    case "number": {
      const plain = value.replace(",", ".");
      return number(plain) === null ? "" : plain;
    }
    case "date":
      return isDate(value) ? value : "";
    case "boolean":
      return value === "true" || value === "false" ? value : "";
    case "multi_select":
      return split(value, type).join(";");
    case "email": {
      const address = lower(value);
      return /^[^\s@<>]+@[^\s@<>]+$/.test(address) ? address : "";
    }
    case "domain": {
      const domain = lower(value).replace(/^www\./, "").replace(/\.$/, "");
      return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/.test(domain) ? domain : "";
    }
    case "url":
      return /^https?:\/\/[^/?#]/i.test(value) ? value : "";
  }
  return value;
}

function matches(filter: Filter, look: (name: string) => { type: string; have: string[] } | undefined): boolean {
  if (filter.length === 0) return true;
  return filter.some(
    (group) =>
      group.length > 0 &&
      group.every((condition) => {
        const found = look(condition.field);
        return found !== undefined && found.type !== "long_text" && holds(condition, found.type, found.have);
      }),
  );
}

function holds(condition: Condition, type: string, have: string[]): boolean {
  const { op, values } = condition;
  const is = (want: string) => have.some((h) => compare(h, want, type) === 0 || h === want);
  switch (op) {
    case "set":
      return have.length > 0;
    case "empty":
      return have.length === 0;
    case "any_of":
      return values.some(is);
    case "between": {
      if (values.length !== 2 || have.length === 0) return false;
      const low = compare(have[0]!, values[0]!, type);
      const high = compare(have[0]!, values[1]!, type);
      return low !== null && high !== null && low >= 0 && high <= 0;
    }
  }
  if (values.length !== 1) return false;
  const want = values[0]!;
  switch (op) {
    case "is":
      return is(want);
    case "is_not":
      return fits(want, type) && !is(want);
    case "contains":
      return want !== "" && have.some((h) => lower(h).includes(lower(want)));
    case "before":
    case "after": {
      if (have.length === 0) return false;
      const n = compare(have[0]!, want, type);
      return n !== null && n !== 0 && n < 0 === (op === "before");
    }
  }
  return false;
}

/** null where the two have no order. */
function compare(have: string, want: string, type: string): number | null {
  switch (type) {
    case "number": {
      const [a, b] = [number(have), number(want)];
      return a === null || b === null ? null : Math.sign(a - b);
    }
    case "date":
      if (!isDate(have) || !isDate(want)) return null;
      return have < want ? -1 : have > want ? 1 : 0;
  }
  return null;
}

function fits(want: string, type: string): boolean {
  switch (type) {
    case "number":
      return number(want) !== null;
    case "date":
      return isDate(want);
    case "boolean":
      return want === "true" || want === "false";
  }
  return want !== "";
}

function number(text: string): number | null {
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) return null;
  const n = Number(text);
  return Number.isFinite(n) ? n : null;
}

function isDate(text: string): boolean {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  if (!found) return false;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

function split(value: string, type: string): string[] {
  if (type === "multi_select") return value.split(";").filter((v) => v !== "");
  return value === "" ? [] : [value];
}

/** Character by character, as the server does: "Σ" at the end of a word as well. */
function lower(text: string): string {
  return Array.from(text, (c) => String.fromCodePoint(c.toLowerCase().codePointAt(0)!)).join("");
}

/** Of what Unicode calls white space, which is not what trim takes off. */
function trim(text: string): string {
  const space = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
  return text.replace(new RegExp(`^${space}|${space}$`, "g"), "");
}
