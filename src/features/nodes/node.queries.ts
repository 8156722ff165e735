import { BadArgument, NotFound } from '../../errors.ts';
import type { Context } from '../../platform/context.ts';
import { isNodeType, type NodeType, parseGlobalId } from '../../platform/reads/global-id.ts';
import { maxPageSize } from '../../platform/reads/page.ts';
import type { Readable, Roots } from '../../platform/reads/readable.ts';
import { findApiKey } from '../api-keys/api-key.queries.ts';
import { ApiKey } from '../api-keys/api-key.type.ts';
import { budgets, findBudget } from '../budgets/budget.queries.ts';
import { Budget } from '../budgets/budget.type.ts';
import { budgetAlerts, findBudgetAlert } from '../budgets/budget-alert.queries.ts';
import { BudgetAlert } from '../budgets/budget-alert.type.ts';
import { characters, findCharacter } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { findGeneration, generations } from '../generations/generation.queries.ts';
import { GeneratedImage, Generation } from '../generations/generation.type.ts';
import { findGeneratedImage, generatedImages } from '../generations/images/generated-image.queries.ts';
import { findImage, images } from '../images/image.queries.ts';
import { Image } from '../images/image.type.ts';
import { findInvitation, invitations } from '../members/invitation.queries.ts';
import { Invitation } from '../members/invitation.type.ts';
import { findMember, members } from '../members/member.queries.ts';
import { Member } from '../members/member.type.ts';
import { findProject, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { findReferenceImage, referenceImages } from '../reference-images/reference-image.queries.ts';
import { ReferenceImage } from '../reference-images/reference-image.type.ts';

/** For each type of node, the function that reads it, and its GraphQL class. */
const finders: Record<
  NodeType,
  { find: (ctx: Context, id: string) => Promise<object>; type: new () => object }
> = {
  Project: { find: findProject, type: Project },
  Member: { find: findMember, type: Member },
  Invitation: { find: findInvitation, type: Invitation },
  ApiKey: { find: findApiKey, type: ApiKey },
  Character: { find: findCharacter, type: Character },
  ReferenceImage: { find: findReferenceImage, type: ReferenceImage },
  Image: { find: findImage, type: Image },
  Generation: { find: findGeneration, type: Generation },
  GeneratedImage: { find: findGeneratedImage, type: GeneratedImage },
  Budget: { find: findBudget, type: Budget },
  BudgetAlert: { find: findBudgetAlert, type: BudgetAlert },
};

/**
 * The rows that global ids may name in a compiled document, by their types. An API key is not among them: whether a viewer
 * may see it depends on whose it is.
 */
export const roots: Roots = new Map(
  (
    [
      projects,
      members,
      invitations,
      characters,
      referenceImages,
      images,
      generations,
      generatedImages,
      budgets,
      budgetAlerts,
    ] satisfies Readable[]
  ).map((each) => [each.type, each]),
);

/** The thing with this global id, as an instance of its GraphQL class. Throws NotFound. */
export async function findNode(ctx: Context, globalId: string): Promise<object> {
  const parsed = parseGlobalId(globalId);
  if (!parsed || !isNodeType(parsed.type)) throw new NotFound('node');
  const { find, type } = finders[parsed.type];
  const row = await find(ctx, parsed.id).catch((error: unknown) => {
    // The same message as for a malformed id.
    throw error instanceof NotFound ? new NotFound('node') : error;
  });
  return Object.assign(new type(), row);
}

/** The same for many ids. A missing node does not fail the others. Throws BadArgument when there are too many ids. */
export function findNodes(ctx: Context, globalIds: readonly string[]): Promise<object | Error>[] {
  if (globalIds.length > maxPageSize) {
    throw new BadArgument(`ids must be at most ${maxPageSize}; got ${globalIds.length}.`);
  }
  return globalIds.map((globalId) => findNode(ctx, globalId));
}
