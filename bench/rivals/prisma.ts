import 'reflect-metadata';
import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify from 'fastify';
import {
  Arg,
  buildSchema,
  Field,
  FieldResolver,
  Float,
  ID,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
  registerEnumType,
} from 'type-graphql';
import { formatMicros } from '../../src/money.ts';
import { connectDatabase } from '../../src/platform/db/connect.ts';
import { DateTimeScalar } from '../../src/platform/graphql/scalars.ts';
import { parseGlobalId, toGlobalId } from '../../src/platform/reads/global-id.ts';

/*
 * The simplest code: Apollo, TypeGraphQL, and a nested `include` that reads everything that a page may need. It is
 * not tuned and not slowed down: it uses the integrations' defaults and Prisma's default way to load relations.
 */
const db = connectDatabase(process.env.DATABASE_URL ?? '');

const names = (...values: string[]) => Object.fromEntries(values.map((value) => [value, value]));
const Kind = names('FACE', 'BODY', 'STYLE', 'POSE');
registerEnumType(Kind, { name: 'ReferenceImageKind' });
const Status = names(
  'AWAITING_APPROVAL',
  'QUEUED',
  'SUBMITTING',
  'SUBMITTED',
  'PROCESSING',
  'STORING',
  'COMPLETED',
  'FAILED',
  'CANCELED',
  'UNCERTAIN',
);
registerEnumType(Status, { name: 'GenerationStatus' });

@ObjectType()
class ReferenceImage {
  @Field(() => ID)
  id: string;
  @Field(() => Kind)
  kind: string;
  @Field(() => String, { nullable: true })
  label: string | null;
  @Field(() => DateTimeScalar)
  createdAt: Date;
}

@ObjectType()
class Generation {
  @Field(() => ID)
  id: string;
  @Field(() => Status)
  status: string;
  @Field(() => String, { nullable: true })
  prompt: string | null;
  @Field(() => String, { nullable: true })
  batch: string | null;
  @Field(() => String)
  modelVersion: string;
  @Field(() => Boolean)
  isSlow: boolean;
  costMicros: bigint | null;
  @Field(() => DateTimeScalar)
  requestedAt: Date;
  @Field(() => DateTimeScalar, { nullable: true })
  submittedAt: Date | null;
  @Field(() => DateTimeScalar, { nullable: true })
  finishedAt: Date | null;
  @Field(() => Float, { nullable: true })
  inferenceSeconds: number | null;
}

@ObjectType()
class GenerationConnection {
  @Field(() => [Generation])
  nodes: Generation[];
}

@ObjectType()
class Character {
  @Field(() => ID)
  id: string;
  @Field(() => String)
  name: string;
  @Field(() => String, { nullable: true })
  description: string | null;
  @Field(() => String, { nullable: true })
  appearance: string | null;
  @Field(() => [String])
  tags: string[];
  @Field(() => DateTimeScalar)
  createdAt: Date;
  @Field(() => DateTimeScalar)
  updatedAt: Date;
  referenceImages: ReferenceImage[];
  generations: Generation[];
}

@ObjectType()
class CharacterConnection {
  @Field(() => [Character])
  nodes: Character[];
}

@ObjectType()
class Project {
  @Field(() => ID)
  id: string;
  @Field(() => String)
  name: string;
  characters: Character[];
}

const newest = { createdAt: 'desc' } as const;
const thenId = { id: 'desc' } as const;
const children = {
  referenceImages: { take: 3, orderBy: [newest, thenId] },
  generations: { take: 5, orderBy: [{ requestedAt: 'desc' as const }, thenId] },
};

@Resolver(() => Project)
class ProjectResolver {
  @Query(() => Project, { nullable: true })
  project(@Arg('id', () => ID) id: string) {
    return db.project.findUnique({
      where: { id: parseGlobalId(id)?.id },
      include: { characters: { take: 50, orderBy: [newest, thenId], include: children } },
    });
  }
  @FieldResolver(() => ID)
  id(@Root() project: Project): string {
    return toGlobalId('Project', project.id);
  }
  @FieldResolver(() => CharacterConnection)
  characters(@Root() project: Project, @Arg('first', () => Int) first: number): CharacterConnection {
    return { nodes: project.characters.slice(0, first) };
  }
}

@Resolver(() => Character)
class CharacterResolver {
  @Query(() => Character, { nullable: true })
  character(@Arg('id', () => ID) id: string) {
    return db.character.findUnique({ where: { id: parseGlobalId(id)?.id }, include: children });
  }
  @FieldResolver(() => ID)
  id(@Root() character: Character): string {
    return toGlobalId('Character', character.id);
  }
  @FieldResolver(() => [ReferenceImage])
  referenceImages(@Root() character: Character, @Arg('first', () => Int) first: number): ReferenceImage[] {
    return character.referenceImages.slice(0, first);
  }
  @FieldResolver(() => GenerationConnection)
  generations(@Root() character: Character, @Arg('first', () => Int) first: number): GenerationConnection {
    return { nodes: character.generations.slice(0, first) };
  }
}

@Resolver(() => ReferenceImage)
class ReferenceImageResolver {
  @FieldResolver(() => ID)
  id(@Root() referenceImage: ReferenceImage): string {
    return toGlobalId('ReferenceImage', referenceImage.id);
  }
}

@Resolver(() => Generation)
class GenerationResolver {
  @FieldResolver(() => ID)
  id(@Root() generation: Generation): string {
    return toGlobalId('Generation', generation.id);
  }
  @FieldResolver(() => String, { nullable: true })
  cost(@Root() { costMicros }: Generation): string | null {
    return costMicros === null ? null : formatMicros(costMicros);
  }
}

const schema = await buildSchema({
  resolvers: [ProjectResolver, CharacterResolver, ReferenceImageResolver, GenerationResolver],
  validate: false,
});
const app = Fastify();
const apollo = new ApolloServer({ schema, plugins: [fastifyApolloDrainPlugin(app)] });
await apollo.start();
await app.register(fastifyApollo(apollo));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ msg: 'listening', url })}\n`);
process.on('SIGTERM', () => process.exit(0));
