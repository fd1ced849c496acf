// Text inside XML and HTML: nothing of it can become markup, and nothing in it is a sign that XML cannot hold.

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For content and for attributes in quotes; new lines stay. */
export function escaped(text: string): string {
  return text
    .replace(/[^\t\n\x20-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}
