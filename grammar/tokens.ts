// The kinds of token, and the token itself: a chevrotain IToken that also knows its value and whether it touches the one before.

import { createToken, EOF, type IToken, Lexer, type TokenType } from "chevrotain";

function kind(name: string, label: string, categories: readonly TokenType[] = []): TokenType {
  return createToken({ name, label, pattern: Lexer.NA, categories: [...categories] });
}

/** Any word, reserved or not, that no `:` follows. */
export const Word = kind("Word", "a word");
/** A word that may be a name of its own. */
export const Ident = kind("Ident", "a name", [Word]);
/** A word before a `:`. It is a key wherever it stands, so this one look decides every question of settings. */
export const Key = kind("Key", "a key");

export const Name = kind("Name", "a name", [Ident]);

/** Operators between two operands; which binds tighter is decided where the tree is built. */
export const BinaryOperator = kind("BinaryOperator", "an operator");

const reserved = (text: string): TokenType => kind(`Reserved_${text}`, `\`${text}\``, [Word]);
const contextual = (text: string): TokenType => kind(`Word_${text}`, `\`${text}\``, [Ident]);

export const True = reserved("true");
export const False = reserved("false");
export const None = reserved("none");
export const And = kind("Reserved_and", "`and`", [Word, BinaryOperator]);
export const Or = kind("Reserved_or", "`or`", [Word, BinaryOperator]);
export const Not = reserved("not");
export const If = reserved("if");
export const Else = reserved("else");
export const For = reserved("for");
export const In = reserved("in");
export const As = reserved("as");
export const Per = kind("Reserved_per", "`per`", [Word, BinaryOperator]);
export const With = reserved("with");
export const After = reserved("after");
export const Otherwise = reserved("otherwise");
export const ReturnWord = reserved("return");
export const RepeatWord = reserved("repeat");
export const PhaseWord = reserved("phase");
export const GateWord = reserved("gate");
export const On = reserved("on");
export const Finally = reserved("finally");
export const Every = reserved("every");

export const ImportWord = contextual("import");
export const From = contextual("from");
export const TypeWord = contextual("type");
export const Limit = contextual("limit");
export const Runner = contextual("runner");
export const Agent = contextual("agent");
export const TaskWord = contextual("task");
export const FlowWord = contextual("flow");
export const TestWord = contextual("test");
export const Run = contextual("run");
export const Ask = contextual("ask");
export const CallWord = contextual("call");
export const Early = contextual("early");
export const CheckWord = contextual("check");
export const Approve = contextual("approve");
export const By = contextual("by");
export const Failure = contextual("failure");
export const Until = contextual("until");
export const MapWord = contextual("map");

const RESERVED = [True, False, None, And, Or, Not, If, Else, For, In, As, Per, With, After, Otherwise];
RESERVED.push(ReturnWord, RepeatWord, PhaseWord, GateWord, On, Finally, Every);
const CONTEXTUAL = [ImportWord, From, TypeWord, Limit, Runner, Agent, TaskWord, FlowWord, TestWord, Run];
CONTEXTUAL.push(Ask, CallWord, Early, CheckWord, Approve, By, Failure, Until, MapWord);

/** Words with a token type of their own. All other words are a `Name`. */
export const WORDS: ReadonlyMap<string, TokenType> = new Map(
  [...RESERVED, ...CONTEXTUAL].map((type) => [type.name.slice(type.name.indexOf("_") + 1), type]),
);

/** Words that may be a key, a field or an argument's name, but not a name of their own. */
export const reservedWords: ReadonlySet<string> = new Set(
  RESERVED.map((type) => type.name.slice(type.name.indexOf("_") + 1)),
);

export const NumberToken = kind("Number", "a number");
/** A string without holes, of either form; its payload is the value. */
export const PlainText = kind("PlainText", "a string");
export const TextOpen = kind("TextOpen", "a string");
/** A piece of a string between holes; its payload is the value. */
export const Chars = kind("Chars", "text");
export const HoleOpen = kind("HoleOpen", "`~{`");
export const HoleClose = kind("HoleClose", "`}`");
export const TextClose = kind("TextClose", "the end of the string");
/** Something the scanner has told already; stands for an expression. */
export const Broken = kind("Broken", "this");

export const LBrace = kind("LBrace", "`{`");
export const RBrace = kind("RBrace", "`}`");
/** `(` in both its forms. */
export const LParen = kind("LParen", "`(`");
export const FreeParen = kind("FreeParen", "`(`", [LParen]);
/** `(` that touches what stands before it. */
export const TouchParen = kind("TouchParen", "`(`", [LParen]);
export const RParen = kind("RParen", "`)`");
/** `[` in both its forms. */
export const LBracket = kind("LBracket", "`[`");
export const FreeBracket = kind("FreeBracket", "`[`", [LBracket]);
export const TouchBracket = kind("TouchBracket", "`[`", [LBracket]);
export const RBracket = kind("RBracket", "`]`");
export const Comma = kind("Comma", "`,`");
export const Colon = kind("Colon", "`:`");
export const Assign = kind("Assign", "`=`");
export const Arrow = kind("Arrow", "`->`");
/** No sign of ours, but a usual one: the parser says what stands there instead. */
export const FatArrow = kind("FatArrow", "`=>`");
export const Pipe = kind("Pipe", "`|`");
export const Dot = kind("Dot", "`.`");
export const MaybeDot = kind("MaybeDot", "`?.`");
/** A `?` that touches what stands before it. */
export const Question = kind("Question", "`?`");
export const LooseQuestion = kind("LooseQuestion", "`?`");

const operator = (name: string, text: string): TokenType => kind(name, `\`${text}\``, [BinaryOperator]);

/** `and`, `==`, also where it was written in another language's way. */
export function operatorText(type: TokenType): string {
  return (type.LABEL ?? "").replaceAll("`", "");
}

export const Equal = operator("Equal", "==");
export const Unequal = operator("Unequal", "!=");
export const Less = operator("Less", "<");
export const AtMost = operator("AtMost", "<=");
export const Greater = operator("Greater", ">");
export const AtLeast = operator("AtLeast", ">=");
export const Default = operator("Default", "??");
export const Plus = operator("Plus", "+");
export const Minus = operator("Minus", "-");
export const Times = operator("Times", "*");
export const Divide = operator("Divide", "/");

/** All types that a parser must be told of. */
export function vocabulary(): TokenType[] {
  const text = [NumberToken, PlainText, TextOpen, Chars, HoleOpen, HoleClose, TextClose, Broken];
  const brackets = [LBrace, RBrace, LParen, FreeParen, TouchParen, RParen];
  brackets.push(LBracket, FreeBracket, TouchBracket, RBracket);
  const signs = [
    Comma,
    Colon,
    Assign,
    Arrow,
    FatArrow,
    Pipe,
    Dot,
    MaybeDot,
    Question,
    LooseQuestion,
    BinaryOperator,
  ];
  signs.push(Equal, Unequal, Less, AtMost, Greater, AtLeast, Default, Plus, Minus, Times, Divide);
  return [Word, Ident, Key, Name, ...RESERVED, ...CONTEXTUAL, ...text, ...brackets, ...signs];
}

const TYPES: readonly TokenType[] = [...vocabulary(), EOF].reduce<TokenType[]>((types, type) => {
  types[type.tokenTypeIdx ?? 0] = type;
  return types;
}, []);

/**
 * One token, kept small: there are many. Lines and columns are not kept, `position()` finds them for the few that are
 * shown; nor the type, which its number gives.
 */
export class Token implements IToken {
  /** The text as written; of a string's pieces, the value. */
  image: string;
  readonly startOffset: number;
  /** Of its last character, as chevrotain counts. */
  readonly endOffset: number;
  readonly tokenTypeIdx: number;

  constructor(type: TokenType, image: string, start: number, end: number) {
    this.image = image;
    this.startOffset = start;
    this.endOffset = end - 1;
    this.tokenTypeIdx = type.tokenTypeIdx ?? 0;
  }

  get tokenType(): TokenType {
    return TYPES[this.tokenTypeIdx] ?? EOF;
  }

  get end(): number {
    return this.endOffset + 1;
  }
}
