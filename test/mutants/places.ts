import { parseSync } from '@swc/core';
import { field, isNode, type Node, nodeOf } from './syntax.ts';

/** One small change of a file, which a test should notice. */
export interface Mutation {
  /** Bytes from the beginning of the file. */
  readonly start: number;
  readonly end: number;
  /** What stands there, and what takes its place. */
  readonly was: string;
  readonly becomes: string;
  /** From 1 on. */
  readonly line: number;
}

/** How an operator is changed: a boundary, an equality, a conjunction. */
const operators: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '&&': '||',
  '||': '&&',
};

/** The same within SQL, where the rest of a statement's words are left alone. */
const sqlWords: Readonly<Record<string, string>> = {
  ' < ': ' <= ',
  ' <= ': ' < ',
  ' > ': ' >= ',
  ' >= ': ' > ',
  ' AND ': ' OR ',
  ' OR ': ' AND ',
  ' DESC': ' ASC',
};
const sqlWord = /(?: <=? | >=? | AND (?!\d)| OR (?!REPLACE)| DESC\b)/g;

/** What is told to a log is no behaviour. */
const isLogged = /\blog\b[^(]*\(/;

/**
 * All mutations of a file: a condition negated, a boundary moved, one operator for another, a call or an `await` left out,
 * nothing returned, a number one higher. Types, decorators and what is logged are passed over; texts are never touched.
 */
export function findMutations(source: string): Mutation[] {
  const bytes = Buffer.from(source);
  const found: Mutation[] = [];
  // The parser counts bytes from 1 on.
  const textOf = ({ span }: Node) => bytes.toString('utf8', span.start - 1, span.end - 1);
  const firstLineOf = (node: Node) => textOf(node).split('\n')[0] ?? '';
  const add = (start: number, end: number, becomes: string) => {
    const was = bytes.toString('utf8', start, end);
    const line = bytes.toString('utf8', 0, start).split('\n').length;
    found.push({ start, end, was, becomes, line });
  };
  const replace = (node: Node, becomes: string) => add(node.span.start - 1, node.span.end - 1, becomes);

  function mutate(node: Node): void {
    const condition = nodeOf(node, 'test');
    if (/^(If|While|For)Statement$|^ConditionalExpression$/.test(node.type) && condition)
      replace(condition, `!(${textOf(condition)})`);
    if (node.type === 'BinaryExpression') mutateOperator(node);
    if (node.type === 'ExpressionStatement') mutateCall(node);
    const returned = nodeOf(node, 'argument');
    // Most callers take null and undefined for the same.
    if (node.type === 'ReturnStatement' && returned && textOf(returned) !== 'null')
      replace(returned, 'undefined');
    if (node.type === 'NumericLiteral') replace(node, `(${textOf(node)} + 1)`);
    if (node.type === 'BigIntLiteral') replace(node, `(${textOf(node)} + 1n)`);
    if (node.type === 'TaggedTemplateExpression') mutateSql(node);
  }

  function mutateOperator(node: Node): void {
    const [left, right] = [nodeOf(node, 'left'), nodeOf(node, 'right')];
    const operator = String(field(node, 'operator'));
    const becomes = operators[operator];
    if (!left || !right || becomes === undefined) return;
    // It is the first one behind the left side, where brackets and comments may stand as well.
    const start = bytes.indexOf(operator, left.span.end - 1);
    if (start < right.span.start) add(start, start + operator.length, becomes);
  }

  function mutateCall(node: Node): void {
    const expression = nodeOf(node, 'expression');
    if (!/^(Await|Call)Expression$/.test(expression?.type ?? '') || isLogged.test(firstLineOf(node))) return;
    if (expression?.type === 'AwaitExpression')
      replace(expression, textOf(expression).replace('await', 'void'));
    replace(node, ';');
  }

  function mutateSql(node: Node): void {
    if (!/raw|sql/i.test(textOf(node).slice(0, 40))) return;
    const quasis = field(nodeOf(node, 'template') ?? node, 'quasis');
    for (const piece of Array.isArray(quasis) ? quasis.filter(isNode) : [])
      for (const { 0: word, index } of textOf(piece).matchAll(sqlWord)) {
        const start = piece.span.start - 1 + Buffer.byteLength(textOf(piece).slice(0, index));
        add(start, start + word.length, sqlWords[word] ?? word);
      }
  }

  function visit(value: unknown): void {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== 'object' || value === null) return;
    if (isNode(value)) {
      // Of what is only about types, an expression may be a part: `x as T`.
      if (value.type.startsWith('Ts')) return visit(field(value, 'expression'));
      if (value.type === 'CallExpression' && isLogged.test(firstLineOf(value))) return;
      mutate(value);
    }
    for (const [name, each] of Object.entries(value)) if (name !== 'decorators') visit(each);
  }

  visit(parseSync(source, { syntax: 'typescript', decorators: true, target: 'es2023' }).body);
  return found;
}
