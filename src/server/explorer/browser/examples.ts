/** The initial content of one tab of the explorer. */
export interface Example {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A drawn face of 256 x 256 pixels, so that the examples do not fetch a picture from another server. */
const faceWebp =
  'UklGRq4EAABXRUJQVlA4IKIEAACwKwCdASoAAQABPu12uFMpqCYipfR40TAdiWdu4XEww7q2GY+jfsjZlxmBwsuoObwAkkQvOWXFaRDByfF75VVkQvOIUR3/6YNMWL3D4nOiDNv9JBTVmfQupm2HNANEEkZUw5X39U5lTeU46LR2muivav/4L25m3qRVl5BrWJCOeBC2JNyaYAB1PsUj2gxbi+Z72yUxaLXre87OABI9ovbbijnAMpld6+vH9C14AFgV7yMMLi6RS1I2YlF/zf1V/TRONOURm4dwongBR9Y1329W3AtTgASPwZQaVzN5CgIkiFm59+2ziHPF7pR2Hk4rNEsWn45G2CnzC47X45rC4iLuJucZWO7KYACR9xC/xT0WRN4PPo8qejH9Cl7NeyffpBj9zq3yMBX/P29qwqn8Fulaz5Wy8ECpP66NyI69ZxudaTVnCwDamhPKXWW6bpCDTamIdTkkZXDEvrM3KzTnpT5a2PFT7VhAAP783J/EYaMRAaKskb6jzumcszn87pnLM5/O9+TXyHAAAYqXZaXO6O28r+jg/s8xcTsgZD8X6Gw4QuB4eljskoGPYlB4Xk6fKC0IwZix6J8hVvPwdLJ701lNj+3M2E8BUzXbFdYNfQ3WslLmtfzV5cHRdZDXvdpaJ3eHFDlAVfsDduhrVO+m9zv3EiBjftkPpUeUfqj9TEX9BM/SmNizHmWmXv+8vF8zTMTKcwL3Ro3+togPp+2QpPq711aBqgy+SyJBpTtdCUVbCH7zn5RjQwCyZ5JI7xNyXZOwkaRK56j2/CvUk+YVKwC0xyL694YQ5GM/WpFYmiI3x1eXAaOJ7Ol7indjg9BqKXgh0KMikpizLpD1yC1JcwssnicMq+O1TvXAob7NmRPUVgRq+wPcDWl2I+cSkPhwLtAS0abRp45QxQT1dPGf3aQvG9g9YDeMNfc8qgPnocYZXLDFslWgKPzc6Nm4Jx0yNTS2qAFgByfopXfYfxPoEUujr1xz5mNXwnkjzL+7Yy3+euUUy3Yi0Cc2xZboWSNLLRLsLjOR10e5D54wiYoePkLbTUYbC03RpOMVSuZpJkcwbVZAF8gJSe90ALL3Mu2/E8DyBKcXTukrPwUtsLyrSCTfhxihi16xa5pSJji8/DcU5zBS6iku1lFcicy0MpbfPaWgZCOgkgL6cUi7y/9j3y4lU0FDp/TMiugTSkhHnBV1DYgpBqn+hpcCsgsOiWX26MjTS6K2YUqdqvI3+0AykNsFgE039nhh5nbD0ytf8UHvwmcfup1gwAgKRWojrkHbiNb3kRA5j1RtjOUrcsITkF26dcFCmOTQmBxjDx20SX+/LsFSSQy6BwI4A61NJRN/0SHW8LrSbrf/ZOXrN7wXKqcobqJIKKpZTErXcQyCErVbG9uY65Vf0KrFvx+EChUpwbCDa9qMZrFHrVBLTL2HrePYY7zIifzmUIqodPU4GGwlMonesNP/T2IVuOgg/TEN0vmF5fVB8xml+bDwgSojQkkfN+zLi7qznfGgm7rO9qvKbGyt5DdmODuO2lnOTaTWjvMctbtkqloXBvEBcqhjfSlcATL3zcEJVu8Eu1lnyLsMAAAA';

const pasteId = (what: string) => `<paste the ${what} id>`;

/** The explorer's tabs, in the order in which a new user runs them. */
export const examples: readonly Example[] = [
  {
    query: `# 1. The models, their parameters and prices.
query Models {
  imageModels {
    title
    inputName
    typicalSeconds
    price { amount per }
    parameters {
      name
      type
      role
      isRequired
      default
      minimum
      maximum
      values
      fittingKinds
      description
    }
  }
}
`,
    variables: {},
  },
  {
    query: `# 2. A project for characters. Copy its id from the answer.
mutation CreateProject($input: CreateProjectInput!) {
  createProject(input: $input) {
    project { id name }
    userErrors { code message path }
  }
}
`,
    variables: { input: { name: 'The Lighthouse' } },
  },
  {
    query: `# 3. A character. Prompts begin with its appearance.
mutation CreateCharacter($input: CreateCharacterInput!) {
  createCharacter(input: $input) {
    character { id name }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        projectId: pasteId('project'),
        name: 'Mara Quill',
        description: 'Keeper of the northern light.',
        appearance: 'a woman of forty, short brown hair, a teal wool jumper',
        negativePrompt: 'blurry, low quality',
        tags: ['lead'],
      },
    },
  },
  {
    query: `# 4. A picture that shows models the character's looks.
# The source is one of base64 (here a small drawn face),
# url, or imageId.
mutation AddReferenceImage($input: AddReferenceImageInput!) {
  addReferenceImage(input: $input) {
    referenceImage {
      id
      kind
      image { width height url(width: 256) }
    }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        characterId: pasteId('character'),
        kind: 'FACE',
        label: 'Front',
        source: { base64: faceWebp },
      },
    },
  },
  {
    query: `# 5. A run. A second request with the same idempotency
# key returns the same run and costs nothing.
mutation Generate($input: GenerateInput!) {
  generate(input: $input) {
    generation { id status prompt }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        characterId: pasteId('character'),
        idempotencyKey: 'mara-at-the-rail-1',
        includeAppearance: true,
        model: {
          consistentCharacter: {
            prompt: 'leaning on the rail of a lighthouse at dusk',
            numberOfOutputs: 2,
            outputFormat: 'webp',
            seed: 42,
            subject: { referenceImageId: pasteId('reference image') },
          },
        },
      },
    },
  },
  {
    query: `# 6. The current state of the run, then each change, until
# it ends. Point at an image's url in the answer to see it.
subscription WatchGeneration($id: ID!) {
  generationUpdated(id: $id) {
    id
    status
    isSlow
    cost
    images {
      index
      image { url(width: 512, format: WEBP) }
    }
    failure { code message retryable }
  }
}
`,
    variables: { id: pasteId('generation') },
  },
  {
    query: `# 7. All events of a project: first the stored events
# after the sequence "after", then new ones.
subscription WatchProject($projectId: ID!, $after: SafeInt) {
  projectEvents(projectId: $projectId, after: $after) {
    sequence
    kind
    at
    character { id name }
    generation { id status }
  }
}
`,
    variables: { projectId: pasteId('project'), after: 0 },
  },
  {
    query: `# 8. The archive: projects, their characters and
# their generated pictures.
query Archive($first: Int!, $after: String) {
  projects(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id
      name
      characters(first: 10) {
        totalCount
        nodes {
          id
          name
          generations(first: 5) {
            totalCount
            nodes {
              id
              status
              prompt
              seed
              images { image { url(width: 512, format: WEBP) } }
            }
          }
        }
      }
    }
  }
}
`,
    variables: { first: 5, after: null },
  },
  {
    query: `# 9. The viewer, and their rights in a project.
query Me($projectId: ID!) {
  viewer { kind user { email } apiKey { name role } }
  project(id: $projectId) {
    name
    viewerRole
    viewerCanGenerate
    members(first: 20) { nodes { role user { name email } } }
  }
}
`,
    variables: { projectId: pasteId('project') },
  },
  {
    query: `# 10. An owner invites a member. The token is shown only
# once. The member needs it for acceptInvitation.
mutation InviteMember($input: InviteMemberInput!) {
  inviteMember(input: $input) {
    token
    invitation { id email role expiresAt }
    userErrors { code message path }
  }
}
`,
    variables: { input: { projectId: pasteId('project'), email: 'ada@example.com', role: 'EDITOR' } },
  },
  {
    query: `# 11. The price of a run, before it is requested.
query Quote($input: GenerateInput!) {
  quoteGeneration(input: $input) {
    quote {
      id
      hold
      price { expected maximum source samples }
      duration { expectedSeconds }
      budgets { fits available }
      alreadyOwned { id }
    }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: { characterId: pasteId('character'), model: { consistentCharacter: { prompt: 'at the pier' } } },
    },
  },
  {
    query: `# 12. The spending of a project, by week and model.
query Spend($projectId: ID!, $from: Date!, $to: Date!) {
  project(id: $projectId) {
    spend(from: $from, to: $to, groupBy: [WEEK, MODEL]) {
      rows { startsOn model { title } amount runs failures costPerKeptPicture }
      totals { amount pictures keptPictures }
      forecast { until amount }
    }
  }
}
`,
    variables: { projectId: pasteId('project'), from: '2026-01-01', to: '2026-12-31' },
  },
];
