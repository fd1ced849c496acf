// The answer of an agent: the schema that it is given, and what it gave, checked against its type.

import { type JsonSchema, named, schemaOf } from "../compiler/schema.ts";
import type { Type, TypeTable } from "../compiler/types.ts";
import { type Answer, answered } from "./answer.ts";
import type { Left } from "./left.ts";
import { decode } from "./validate.ts";
import { isRecord } from "./values.ts";

/** What is asked for. */
export interface AskedFor {
  /** Its root is an object. */
  readonly schema: JsonSchema;
  readonly type: Type;
  /** Agents answer with an object: another type stands in its field `answer`. */
  readonly wrapped: boolean;
}

/** `doc`: of the task, for who reads the schema of a type that does not say itself what it is. */
export function askedFor(type: Type, types: TypeTable, doc: string | null): AskedFor {
  const body = named(type, types);
  const wrapped = body.kind !== "record";
  const whole: Type = wrapped
    ? { kind: "record", fields: [{ name: "answer", type, doc: null, early: false }] }
    : body;
  const schema = schemaOf(whole, types, "asked");
  return { schema: doc === null ? schema : { description: doc, ...schema }, type: whole, wrapped };
}

/** Files in it are looked at by `left`, which has to settle. */
export function answerOfAgent(
  given: unknown,
  { type, wrapped }: AskedFor,
  types: TypeTable,
  left: Left,
): Answer {
  const decoded = decode(given, type, types, { file: left.named });
  const answer = answered(decoded, "The agent's answer");
  if ("why" in answer || !wrapped) return answer;
  return { ...answer, value: isRecord(answer.value) ? (answer.value["answer"] ?? null) : null };
}
