// Amounts as people read them.

/** As people read it: `written({ cents: 123456n, currency: "EUR" }, "de")` is `1.234,56 €`. */
export function written({ cents, currency }, language) {
  return new Intl.NumberFormat(language, { style: "currency", currency }).format(Number(cents) / 100);
}
