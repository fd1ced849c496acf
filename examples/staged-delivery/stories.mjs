// The stories by heart: what is asked, how a first try goes wrong, and how it is right.

export const stories = [
  {
    name: "slugOf",
    signature: "slugOf(title: string): string",
    cases: [
      [["Hello World"], "hello-world"],
      [["  Nuts & Bolts!  "], "nuts-bolts"],
      [["Déjà vu"], "deja-vu"],
    ],
    first: `function slugOf(title) {
  return title.toLowerCase().replaceAll(" ", "-");
}`,
    right: `function slugOf(title) {
  const plain = title.normalize("NFD").replace(/[\\u0300-\\u036f]/g, "").toLowerCase();
  return plain.split(/[^a-z0-9]+/).filter((word) => word !== "").join("-");
}`,
  },
  {
    name: "romanOf",
    signature: "romanOf(number: number): string",
    cases: [
      [[7], "VII"],
      [[1994], "MCMXCIV"],
      [[3999], "MMMCMXCIX"],
    ],
    first: `function romanOf(number) {
  const signs = [["M", 1000], ["D", 500], ["C", 100], ["L", 50], ["X", 10], ["V", 5], ["I", 1]];
  let rest = number;
  return signs.map(([sign, worth]) => {
    const times = Math.floor(rest / worth);
    rest -= times * worth;
    return sign.repeat(times);
  }).join("");
}`,
    right: `function romanOf(number) {
  const signs = [
    ["M", 1000], ["CM", 900], ["D", 500], ["CD", 400], ["C", 100], ["XC", 90], ["L", 50], ["XL", 40],
    ["X", 10], ["IX", 9], ["V", 5], ["IV", 4], ["I", 1],
  ];
  let rest = number;
  return signs.map(([sign, worth]) => {
    const times = Math.floor(rest / worth);
    rest -= times * worth;
    return sign.repeat(times);
  }).join("");
}`,
  },
  {
    name: "isLuhn",
    signature: "isLuhn(digits: string): boolean",
    cases: [
      [["4539148803436467"], true],
      [["4539 1488 0343 6467"], true],
      [["8273123273520569"], false],
    ],
    first: `function isLuhn(digits) {
  const sum = [...digits].reverse().reduce((all, digit, at) => {
    const twice = Number(digit) * (at % 2 === 1 ? 2 : 1);
    return all + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return sum % 10 === 0;
}`,
    right: `function isLuhn(digits) {
  const sum = [...digits.replaceAll(" ", "")].reverse().reduce((all, digit, at) => {
    const twice = Number(digit) * (at % 2 === 1 ? 2 : 1);
    return all + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return sum % 10 === 0;
}`,
  },
  {
    name: "wrapped",
    signature: "wrapped(text: string, width: number): string[]",
    cases: [
      [
        ["one two three", 7],
        ["one two", "three"],
      ],
      [["incomprehensible", 5], ["incomprehensible"]],
      [["", 10], []],
    ],
    first: `function wrapped(text, width) {
  const lines = [""];
  for (const word of text.split(" "))
    if (lines.at(-1).length + word.length < width) lines.push(\`\${lines.pop()} \${word}\`.trim());
    else lines.push(word);
  return lines;
}`,
    right: `function wrapped(text, width) {
  const lines = [];
  for (const word of text.split(" ").filter((each) => each !== "")) {
    const longer = \`\${lines.at(-1)} \${word}\`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}`,
  },
];
