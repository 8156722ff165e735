import { z } from 'zod';
import type { Prisma } from '../../../platform/db/generated/client.ts';
import { storedOutputProblem } from '../output-problem.ts';

/*
 * The forms of a run's columns in an event's JSON. The database function `generation_progress` writes the same forms.
 */

/** A moment as ISO text. */
export const moment = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (value) => value.toISOString(),
});

/** Whole micro-dollars as text: JSON has no such integers. */
export const micros = z.codec(z.string().regex(/^-?\d+$/), z.bigint(), {
  decode: BigInt,
  encode: String,
});

const problems = z.array(storedOutputProblem);

/** The most problems that an event keeps. The run's row has all of them. */
const mostProblems = 100;

/** The problems of single outputs. */
export const outputProblems = z.codec(problems, z.custom<Prisma.JsonValue>(), {
  decode: (stored) => stored,
  encode: (column) => problems.parse(column).slice(0, mostProblems),
});
