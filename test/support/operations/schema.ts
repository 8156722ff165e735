// Written by `npm run schema` from schema.graphql. Do not edit it.
import type { Of } from './read.ts';

export interface Objects {
  AcceptInvitationPayload: {
    member: [Of<'Member'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  AddReferenceImagePayload: {
    referenceImage: [Of<'ReferenceImage'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  ApiKey: {
    allowedModels: [string[], {  }];
    createdAt: [string, {  }];
    expiresAt: [string, {  }];
    id: [string, {  }];
    kind: [('PERSONAL' | 'SERVICE'), {  }];
    lastUsedAt: [string, {  }];
    name: [string, {  }];
    prefix: [string, {  }];
    project: [Of<'Project'>, {  }];
    revokedAt: [string, {  }];
    role: [('EDITOR' | 'OWNER' | 'VIEWER'), {  }];
    user: [Of<'User'>, {  }];
  };
  ApiKeyConnection: {
    edges: [Of<'ApiKeyEdge'>[], {  }];
    nodes: [Of<'ApiKey'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  ApiKeyEdge: {
    cursor: [string, {  }];
    node: [Of<'ApiKey'>, {  }];
  };
  ApproveGenerationPayload: {
    generation: [Of<'Generation'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  ArchiveCharacterPayload: {
    character: [Of<'Character'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  ArchiveProjectPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  AuditActor: {
    apiKey: [Of<'ApiKey'>, {  }];
    kind: [('ADMIN' | 'API_KEY' | 'USER'), {  }];
    user: [Of<'User'>, {  }];
  };
  AuditEntry: {
    action: [('API_KEY_CREATED' | 'API_KEY_REVOKED' | 'BUDGET_CREATED' | 'BUDGET_REMOVED' | 'BUDGET_UPDATED' | 'CHARACTER_ARCHIVED' | 'CHARACTER_CREATED' | 'CHARACTER_UPDATED' | 'GENERATION_APPROVED' | 'GENERATION_CANCELED' | 'GENERATION_REJECTED' | 'GENERATION_REQUESTED' | 'GENERATION_RESOLVED' | 'IMAGE_UPLOADED' | 'INVITATION_ACCEPTED' | 'INVITATION_WITHDRAWN' | 'MEMBER_INVITED' | 'MEMBER_REMOVED' | 'MEMBER_ROLE_CHANGED' | 'PROJECT_ARCHIVED' | 'PROJECT_CREATED' | 'PROJECT_DELETION_REQUESTED' | 'PROJECT_LIMITS_UPDATED' | 'PROJECT_RESTORED' | 'PROJECT_UPDATED' | 'PROVIDER_KEY_REMOVED' | 'PROVIDER_KEY_SET' | 'REFERENCE_IMAGE_ADDED' | 'REFERENCE_IMAGE_REMOVED' | 'USER_EXPORTED' | 'USER_FORGOTTEN'), {  }];
    actor: [Of<'AuditActor'>, {  }];
    at: [string, {  }];
    details: [Record<string, unknown>, {  }];
    hash: [string, {  }];
    sequence: [number, {  }];
    targetId: [string, {  }];
    targetType: [string, {  }];
  };
  AuditEntryConnection: {
    edges: [Of<'AuditEntryEdge'>[], {  }];
    nodes: [Of<'AuditEntry'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  AuditEntryEdge: {
    cursor: [string, {  }];
    node: [Of<'AuditEntry'>, {  }];
  };
  BooksProblem: {
    expected: [string, {  }];
    found: [string, {  }];
    kind: [('ACCOUNT_TOTAL' | 'BUDGET_CAP' | 'BUDGET_HELD' | 'BUDGET_MISSING' | 'BUDGET_SETTLED' | 'LEDGER_ENTRY' | 'ROLLUP' | 'ROLLUP_COUNTS' | 'RUN_COST' | 'RUN_HOLD' | 'RUN_MISSING' | 'SLOTS'), {  }];
    subject: [string, {  }];
  };
  Budget: {
    apiKey: [Of<'ApiKey'>, {  }];
    available: [string, {  }];
    cap: [string, {  }];
    character: [Of<'Character'>, {  }];
    createdAt: [string, {  }];
    held: [string, {  }];
    id: [string, {  }];
    member: [Of<'Member'>, {  }];
    model: [Of<'ImageModel'>, {  }];
    overrun: [string, {  }];
    period: [('DAY' | 'MONTH' | 'TOTAL'), {  }];
    periodEndsAt: [string, {  }];
    periodEndsOn: [string, {  }];
    periodStartsAt: [string, {  }];
    periodStartsOn: [string, {  }];
    removedAt: [string, {  }];
    scope: [('API_KEY' | 'CHARACTER' | 'MEMBER' | 'MODEL' | 'PROJECT'), {  }];
    settled: [string, {  }];
    thresholds: [number[], {  }];
  };
  BudgetAlert: {
    budget: [Of<'Budget'>, {  }];
    cap: [string, {  }];
    createdAt: [string, {  }];
    held: [string, {  }];
    id: [string, {  }];
    payload: [Record<string, unknown>, {  }];
    periodStartsOn: [string, {  }];
    settled: [string, {  }];
    threshold: [number, {  }];
  };
  BudgetAlertConnection: {
    edges: [Of<'BudgetAlertEdge'>[], {  }];
    nodes: [Of<'BudgetAlert'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  BudgetAlertEdge: {
    cursor: [string, {  }];
    node: [Of<'BudgetAlert'>, {  }];
  };
  BudgetConnection: {
    edges: [Of<'BudgetEdge'>[], {  }];
    nodes: [Of<'Budget'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  BudgetEdge: {
    cursor: [string, {  }];
    node: [Of<'Budget'>, {  }];
  };
  BudgetVerdict: {
    available: [string, {  }];
    budget: [Of<'Budget'>, {  }];
    fits: [boolean, {  }];
    required: [string, {  }];
  };
  CancelGenerationPayload: {
    generation: [Of<'Generation'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  ChangeMemberRolePayload: {
    member: [Of<'Member'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  Character: {
    appearance: [string, {  }];
    archivedAt: [string, {  }];
    createdAt: [string, {  }];
    description: [string, {  }];
    generations: [Of<'GenerationConnection'>, { after?: string | null; before?: string | null; filter?: Inputs['GenerationFilter'] | null; first?: number | null; last?: number | null }];
    id: [string, {  }];
    name: [string, {  }];
    negativePrompt: [string, {  }];
    project: [Of<'Project'>, {  }];
    referenceImages: [Of<'ReferenceImage'>[], { first?: number | null; kind?: ('BODY' | 'FACE' | 'POSE' | 'STYLE') | null }];
    referenceImagesConnection: [Of<'ReferenceImageConnection'>, { after?: string | null; before?: string | null; first?: number | null; kind?: ('BODY' | 'FACE' | 'POSE' | 'STYLE') | null; last?: number | null }];
    tags: [string[], {  }];
    updatedAt: [string, {  }];
  };
  CharacterConnection: {
    edges: [Of<'CharacterEdge'>[], {  }];
    nodes: [Of<'Character'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  CharacterEdge: {
    cursor: [string, {  }];
    node: [Of<'Character'>, {  }];
  };
  CreateApiKeyPayload: {
    apiKey: [Of<'ApiKey'>, {  }];
    secret: [string, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  CreateBudgetPayload: {
    budget: [Of<'Budget'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  CreateCharacterPayload: {
    character: [Of<'Character'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  CreateProjectPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  DeleteProjectPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  DurationEstimate: {
    expectedSeconds: [number, {  }];
    maximumSeconds: [number, {  }];
    minimumSeconds: [number, {  }];
    samples: [number, {  }];
    source: [('OBSERVED' | 'PRICE_LIST' | 'UNKNOWN'), {  }];
  };
  ExportUserPayload: {
    userErrors: [Of<'UserError'>[], {  }];
    userExport: [Of<'UserExport'>, {  }];
  };
  ForgetUserPayload: {
    user: [Of<'User'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  GeneratePayload: {
    generation: [Of<'Generation'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  GeneratedImage: {
    generation: [Of<'Generation'>, {  }];
    id: [string, {  }];
    image: [Of<'Image'>, {  }];
    index: [number, {  }];
    verdict: [('DISCARDED' | 'FAVORITE'), {  }];
  };
  GeneratedImageConnection: {
    edges: [Of<'GeneratedImageEdge'>[], {  }];
    nodes: [Of<'GeneratedImage'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  GeneratedImageEdge: {
    cursor: [string, {  }];
    node: [Of<'GeneratedImage'>, {  }];
  };
  Generation: {
    batch: [string, {  }];
    cancelRequestedAt: [string, {  }];
    character: [Of<'Character'>, {  }];
    cost: [string, {  }];
    costSource: [('BALANCE' | 'HISTORY' | 'NOT_CHARGED' | 'NOT_SUBMITTED' | 'PERSON' | 'PRICE_LIST' | 'PROVIDER'), {  }];
    environment: [('LIVE' | 'SIMULATOR'), {  }];
    failure: [Of<'GenerationFailure'>, {  }];
    finishedAt: [string, {  }];
    hold: [string, {  }];
    id: [string, {  }];
    images: [Of<'GeneratedImage'>[], {  }];
    imagesConnection: [Of<'GeneratedImageConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    inferenceSeconds: [number, {  }];
    isSlow: [boolean, {  }];
    ledgerEntries: [Of<'LedgerEntry'>[], {  }];
    model: [Of<'ImageModel'>, {  }];
    modelVersion: [string, {  }];
    outputProblems: [Of<'OutputProblem'>[], {  }];
    parameters: [Record<string, unknown>, {  }];
    project: [Of<'Project'>, {  }];
    prompt: [string, {  }];
    providerRequestId: [string, {  }];
    requestedAt: [string, {  }];
    requestedBy: [Of<'User'>, {  }];
    requestedWith: [Of<'ApiKey'>, {  }];
    retriedAs: [Of<'Generation'>, {  }];
    retryOf: [Of<'Generation'>, {  }];
    seed: [number, {  }];
    startedAt: [string, {  }];
    status: [('AWAITING_APPROVAL' | 'CANCELED' | 'COMPLETED' | 'FAILED' | 'PROCESSING' | 'QUEUED' | 'STORING' | 'SUBMITTED' | 'SUBMITTING' | 'UNCERTAIN'), {  }];
    submittedAt: [string, {  }];
    waitingFor: [Of<'GenerationWait'>, {  }];
  };
  GenerationConnection: {
    edges: [Of<'GenerationEdge'>[], {  }];
    nodes: [Of<'Generation'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  GenerationEdge: {
    cursor: [string, {  }];
    node: [Of<'Generation'>, {  }];
  };
  GenerationFailure: {
    code: [('APPROVAL_REJECTED' | 'CONTENT_BLOCKED' | 'ENVIRONMENT_CHANGED' | 'MODEL_UNAVAILABLE' | 'PROVIDER_FAILED' | 'PROVIDER_FORBIDDEN' | 'PROVIDER_OUT_OF_CREDITS' | 'PROVIDER_REJECTED' | 'PROVIDER_UNAUTHORIZED' | 'PROVIDER_UNAVAILABLE' | 'REFERENCE_MISSING' | 'RESULT_EXPIRED' | 'RESULT_INVALID' | 'STORAGE_FAILED' | 'SUBMISSION_UNCERTAIN'), {  }];
    message: [string, {  }];
    retryable: [boolean, {  }];
  };
  GenerationWait: {
    reason: [('APPROVAL' | 'ENVIRONMENT' | 'PROVIDER_CREDITS' | 'PROVIDER_KEY' | 'PROVIDER_RATE_LIMIT' | 'PROVIDER_UNAVAILABLE' | 'SLOT' | 'STORAGE'), {  }];
    since: [string, {  }];
  };
  Image: {
    contentType: [string, {  }];
    height: [number, {  }];
    id: [string, {  }];
    originalUrl: [string, {  }];
    sha256: [string, {  }];
    sizeBytes: [number, {  }];
    url: [string, { format?: ('AVIF' | 'JPEG' | 'PNG' | 'WEBP') | null; width?: number | null }];
    width: [number, {  }];
  };
  ImageModel: {
    description: [string, {  }];
    inputName: [string, {  }];
    observedPrices: [Of<'ObservedPrice'>[], { first: number }];
    parameters: [Of<'ImageModelParameter'>[], {  }];
    price: [Of<'ImageModelPrice'>, {  }];
    slug: [string, {  }];
    title: [string, {  }];
    typicalSeconds: [number, {  }];
    version: [string, {  }];
  };
  ImageModelParameter: {
    default: [Record<string, unknown>, {  }];
    description: [string, {  }];
    fittingKinds: [('BODY' | 'FACE' | 'POSE' | 'STYLE')[], {  }];
    isRangeAssumed: [boolean, {  }];
    isRequired: [boolean, {  }];
    maximum: [number, {  }];
    minimum: [number, {  }];
    name: [string, {  }];
    providerName: [string, {  }];
    role: [('BASE64' | 'COUNT' | 'HEIGHT' | 'IDENTITY_IMAGE' | 'NEGATIVE_PROMPT' | 'OTHER' | 'OUTPUT_FORMAT' | 'OUTPUT_QUALITY' | 'POSE_IMAGE' | 'PROMPT' | 'SEED' | 'USE_INPUT_SIZE' | 'WIDTH'), {  }];
    suggestions: [string[], {  }];
    type: [('BOOLEAN' | 'ENUM' | 'IMAGE' | 'INTEGER' | 'NUMBER' | 'STRING'), {  }];
    values: [string[], {  }];
  };
  ImageModelPrice: {
    amount: [string, {  }];
    date: [string, {  }];
    per: [('GENERATION' | 'GPU_SECOND' | 'IMAGE'), {  }];
    source: [string, {  }];
  };
  Invitation: {
    createdAt: [string, {  }];
    email: [string, {  }];
    expiresAt: [string, {  }];
    id: [string, {  }];
    project: [Of<'Project'>, {  }];
    role: [('EDITOR' | 'OWNER' | 'VIEWER'), {  }];
    status: [('ACCEPTED' | 'EXPIRED' | 'PENDING' | 'WITHDRAWN'), {  }];
  };
  InvitationConnection: {
    edges: [Of<'InvitationEdge'>[], {  }];
    nodes: [Of<'Invitation'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  InvitationEdge: {
    cursor: [string, {  }];
    node: [Of<'Invitation'>, {  }];
  };
  InviteMemberPayload: {
    invitation: [Of<'Invitation'>, {  }];
    token: [string, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  LedgerEntry: {
    amount: [string, {  }];
    at: [string, {  }];
    credit: [('AVAILABLE' | 'HELD' | 'SPENT'), {  }];
    day: [string, {  }];
    debit: [('AVAILABLE' | 'HELD' | 'SPENT'), {  }];
    generationId: [string, {  }];
    id: [string, {  }];
    kind: [('ADJUST' | 'CHARGE' | 'HOLD' | 'RELEASE'), {  }];
    model: [string, {  }];
    source: [string, {  }];
  };
  LedgerEntryConnection: {
    edges: [Of<'LedgerEntryEdge'>[], {  }];
    nodes: [Of<'LedgerEntry'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  LedgerEntryEdge: {
    cursor: [string, {  }];
    node: [Of<'LedgerEntry'>, {  }];
  };
  Member: {
    createdAt: [string, {  }];
    id: [string, {  }];
    project: [Of<'Project'>, {  }];
    role: [('EDITOR' | 'OWNER' | 'VIEWER'), {  }];
    user: [Of<'User'>, {  }];
  };
  MemberConnection: {
    edges: [Of<'MemberEdge'>[], {  }];
    nodes: [Of<'Member'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  MemberEdge: {
    cursor: [string, {  }];
    node: [Of<'Member'>, {  }];
  };
  Mutation: {
    acceptInvitation: [Of<'AcceptInvitationPayload'>, { input: Inputs['AcceptInvitationInput'] }];
    addReferenceImage: [Of<'AddReferenceImagePayload'>, { input: Inputs['AddReferenceImageInput'] }];
    approveGeneration: [Of<'ApproveGenerationPayload'>, { input: Inputs['ApproveGenerationInput'] }];
    archiveCharacter: [Of<'ArchiveCharacterPayload'>, { input: Inputs['ArchiveCharacterInput'] }];
    archiveProject: [Of<'ArchiveProjectPayload'>, { input: Inputs['ArchiveProjectInput'] }];
    cancelGeneration: [Of<'CancelGenerationPayload'>, { input: Inputs['CancelGenerationInput'] }];
    changeMemberRole: [Of<'ChangeMemberRolePayload'>, { input: Inputs['ChangeMemberRoleInput'] }];
    createApiKey: [Of<'CreateApiKeyPayload'>, { input: Inputs['CreateApiKeyInput'] }];
    createBudget: [Of<'CreateBudgetPayload'>, { input: Inputs['CreateBudgetInput'] }];
    createCharacter: [Of<'CreateCharacterPayload'>, { input: Inputs['CreateCharacterInput'] }];
    createProject: [Of<'CreateProjectPayload'>, { input: Inputs['CreateProjectInput'] }];
    deleteProject: [Of<'DeleteProjectPayload'>, { input: Inputs['DeleteProjectInput'] }];
    exportUser: [Of<'ExportUserPayload'>, { input: Inputs['ExportUserInput'] }];
    forgetUser: [Of<'ForgetUserPayload'>, { input: Inputs['ForgetUserInput'] }];
    generate: [Of<'GeneratePayload'>, { input: Inputs['GenerateInput'] }];
    inviteMember: [Of<'InviteMemberPayload'>, { input: Inputs['InviteMemberInput'] }];
    rateImage: [Of<'RateImagePayload'>, { input: Inputs['RateImageInput'] }];
    reconcile: [Of<'ReconcilePayload'>, { input: Inputs['ReconcileInput'] }];
    rejectGeneration: [Of<'RejectGenerationPayload'>, { input: Inputs['RejectGenerationInput'] }];
    removeBudget: [Of<'RemoveBudgetPayload'>, { input: Inputs['RemoveBudgetInput'] }];
    removeMember: [Of<'RemoveMemberPayload'>, { input: Inputs['RemoveMemberInput'] }];
    removeProviderKey: [Of<'RemoveProviderKeyPayload'>, { input: Inputs['RemoveProviderKeyInput'] }];
    removeReferenceImage: [Of<'RemoveReferenceImagePayload'>, { input: Inputs['RemoveReferenceImageInput'] }];
    resolveUncertainGeneration: [Of<'ResolveUncertainGenerationPayload'>, { input: Inputs['ResolveUncertainGenerationInput'] }];
    restoreProject: [Of<'RestoreProjectPayload'>, { input: Inputs['RestoreProjectInput'] }];
    retryGeneration: [Of<'RetryGenerationPayload'>, { input: Inputs['RetryGenerationInput'] }];
    revokeApiKey: [Of<'RevokeApiKeyPayload'>, { input: Inputs['RevokeApiKeyInput'] }];
    setProviderKey: [Of<'SetProviderKeyPayload'>, { input: Inputs['SetProviderKeyInput'] }];
    updateBudget: [Of<'UpdateBudgetPayload'>, { input: Inputs['UpdateBudgetInput'] }];
    updateCharacter: [Of<'UpdateCharacterPayload'>, { input: Inputs['UpdateCharacterInput'] }];
    updateProject: [Of<'UpdateProjectPayload'>, { input: Inputs['UpdateProjectInput'] }];
    updateProjectLimits: [Of<'UpdateProjectLimitsPayload'>, { input: Inputs['UpdateProjectLimitsInput'] }];
    withdrawInvitation: [Of<'WithdrawInvitationPayload'>, { input: Inputs['WithdrawInvitationInput'] }];
  };
  Node: {
    id: [string, {  }];
  };
  ObservedPrice: {
    greatest: [string, {  }];
    least: [string, {  }];
    median: [string, {  }];
    medianSeconds: [number, {  }];
    percentile95: [string, {  }];
    samples: [number, {  }];
    shape: [Record<string, unknown>, {  }];
  };
  OutputProblem: {
    code: [string, {  }];
    contentType: [string, {  }];
    index: [number, {  }];
    message: [string, {  }];
    providerUrl: [string, {  }];
    sha256: [string, {  }];
    sizeBytes: [number, {  }];
    url: [string, {  }];
  };
  PageInfo: {
    endCursor: [string, {  }];
    hasNextPage: [boolean, {  }];
    hasPreviousPage: [boolean, {  }];
    startCursor: [string, {  }];
  };
  PriceEstimate: {
    expected: [string, {  }];
    maximum: [string, {  }];
    minimum: [string, {  }];
    samples: [number, {  }];
    source: [('OBSERVED' | 'PRICE_LIST' | 'UNKNOWN'), {  }];
  };
  Project: {
    activeGenerations: [number, {  }];
    apiKeys: [Of<'ApiKeyConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    approvalPerBatch: [string, {  }];
    approvalPerRun: [string, {  }];
    archivedAt: [string, {  }];
    auditLog: [Of<'AuditEntryConnection'>, { after?: string | null; before?: string | null; filter?: Inputs['AuditLogFilter'] | null; first?: number | null; last?: number | null }];
    budgetAlerts: [Of<'BudgetAlertConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    budgets: [Of<'BudgetConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    characters: [Of<'CharacterConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    createdAt: [string, {  }];
    deletingAt: [string, {  }];
    generations: [Of<'GenerationConnection'>, { after?: string | null; before?: string | null; filter?: Inputs['GenerationFilter'] | null; first?: number | null; last?: number | null }];
    id: [string, {  }];
    invitations: [Of<'InvitationConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    ledger: [Of<'LedgerEntryConnection'>, { after?: string | null; before?: string | null; filter?: Inputs['LedgerFilter'] | null; first?: number | null; last?: number | null }];
    maxConcurrentGenerations: [number, {  }];
    members: [Of<'MemberConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    name: [string, {  }];
    providerKey: [Of<'ProviderKey'>, {  }];
    spend: [Of<'SpendReport'>, { filter?: Inputs['SpendFilter'] | null; first: number; from: string; groupBy: readonly (('API_KEY' | 'CHARACTER' | 'DAY' | 'MEMBER' | 'MODEL' | 'MONTH' | 'PROJECT' | 'STATUS' | 'WEEK'))[]; to: string }];
    timeZone: [string, {  }];
    viewerCanApproveGenerations: [boolean, {  }];
    viewerCanArchive: [boolean, {  }];
    viewerCanDelete: [boolean, {  }];
    viewerCanEditCharacters: [boolean, {  }];
    viewerCanGenerate: [boolean, {  }];
    viewerCanManageApiKeys: [boolean, {  }];
    viewerCanManageBudgets: [boolean, {  }];
    viewerCanManageMembers: [boolean, {  }];
    viewerCanManageProviderKey: [boolean, {  }];
    viewerCanRateImages: [boolean, {  }];
    viewerCanReadAuditLog: [boolean, {  }];
    viewerCanReadMembers: [boolean, {  }];
    viewerCanReadSpend: [boolean, {  }];
    viewerCanResolveGenerations: [boolean, {  }];
    viewerRole: [('EDITOR' | 'OWNER' | 'VIEWER'), {  }];
  };
  ProjectConnection: {
    edges: [Of<'ProjectEdge'>[], {  }];
    nodes: [Of<'Project'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  ProjectEdge: {
    cursor: [string, {  }];
    node: [Of<'Project'>, {  }];
  };
  ProjectEvent: {
    at: [string, {  }];
    budget: [Of<'Budget'>, {  }];
    budgetAlert: [Of<'BudgetAlert'>, {  }];
    character: [Of<'Character'>, {  }];
    generation: [Of<'Generation'>, {  }];
    keptFrom: [number, {  }];
    kind: [('BUDGET_CREATED' | 'BUDGET_REMOVED' | 'BUDGET_THRESHOLD_REACHED' | 'BUDGET_UPDATED' | 'CHARACTER_ARCHIVED' | 'CHARACTER_CREATED' | 'CHARACTER_UPDATED' | 'GENERATION_APPROVED' | 'GENERATION_CANCEL_REQUESTED' | 'GENERATION_CHANGED' | 'GENERATION_COST_CORRECTED' | 'GENERATION_REJECTED' | 'GENERATION_REQUESTED' | 'GENERATION_SLOW' | 'GENERATION_STATE' | 'HISTORY_TRUNCATED' | 'IMAGE_RATED' | 'PROJECT_ARCHIVED' | 'PROJECT_DELETING' | 'PROJECT_LIMITS_UPDATED' | 'PROJECT_RESTORED' | 'PROJECT_UPDATED' | 'PROVIDER_WAIT_BEGAN' | 'PROVIDER_WAIT_ENDED' | 'REFERENCE_IMAGE_ADDED' | 'REFERENCE_IMAGE_REMOVED'), {  }];
    sequence: [number, {  }];
    wait: [Of<'GenerationWait'>, {  }];
  };
  Provider: {
    address: [string, {  }];
    environment: [('LIVE' | 'SIMULATOR'), {  }];
    message: [string, {  }];
    since: [string, {  }];
    status: [('OPERATIONAL' | 'PAUSED' | 'UNAVAILABLE'), {  }];
  };
  ProviderKey: {
    createdAt: [string, {  }];
    lastFour: [string, {  }];
    message: [string, {  }];
    since: [string, {  }];
    status: [('OPERATIONAL' | 'PAUSED' | 'UNAVAILABLE'), {  }];
  };
  Query: {
    character: [Of<'Character'>, { id: string }];
    generation: [Of<'Generation'>, { id: string }];
    imageModels: [Of<'ImageModel'>[], {  }];
    installationAuditLog: [Of<'AuditEntryConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    node: [Of<'Node'>, { id: string }];
    nodes: [Of<'Node'>[], { ids: readonly (string)[] }];
    project: [Of<'Project'>, { id: string }];
    projects: [Of<'ProjectConnection'>, { after?: string | null; before?: string | null; first?: number | null; last?: number | null }];
    provider: [Of<'Provider'>, {  }];
    quoteGeneration: [Of<'QuoteGenerationPayload'>, { input: Inputs['GenerateInput'] }];
    reconciliation: [Of<'ReconciliationReport'>, { account?: string | null; after?: string | null; first: number }];
    spend: [Of<'SpendReport'>, { filter?: Inputs['SpendFilter'] | null; first: number; from: string; groupBy: readonly (('API_KEY' | 'CHARACTER' | 'DAY' | 'MEMBER' | 'MODEL' | 'MONTH' | 'PROJECT' | 'STATUS' | 'WEEK'))[]; to: string }];
    storageSweep: [Of<'StorageSweep'>, {  }];
    users: [Of<'User'>[], { email: string }];
    viewer: [Of<'Viewer'>, {  }];
  };
  Quote: {
    alreadyOwned: [Of<'Generation'>[], {  }];
    budgets: [Of<'BudgetVerdict'>[], {  }];
    duration: [Of<'DurationEstimate'>, {  }];
    expiresAt: [string, {  }];
    hold: [string, {  }];
    id: [string, {  }];
    needsApproval: [boolean, {  }];
    outputCount: [number, {  }];
    price: [Of<'PriceEstimate'>, {  }];
  };
  QuoteGenerationPayload: {
    quote: [Of<'Quote'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RateImagePayload: {
    generatedImage: [Of<'GeneratedImage'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  ReconcilePayload: {
    report: [Of<'ReconciliationReport'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  ReconciliationLine: {
    balanceAfter: [string, {  }];
    balanceBefore: [string, {  }];
    candidates: [Of<'Generation'>[], { first: number }];
    explained: [string, {  }];
    fell: [string, {  }];
    from: [string, {  }];
    isQuiet: [boolean, {  }];
    openHolds: [string, {  }];
    openRuns: [number, {  }];
    to: [string, {  }];
    unexplained: [string, {  }];
  };
  ReconciliationLineConnection: {
    edges: [Of<'ReconciliationLineEdge'>[], {  }];
    nodes: [Of<'ReconciliationLine'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  ReconciliationLineEdge: {
    cursor: [string, {  }];
    node: [Of<'ReconciliationLine'>, {  }];
  };
  ReconciliationReport: {
    account: [string, {  }];
    accounts: [string[], {  }];
    balance: [string, {  }];
    books: [Of<'BooksProblem'>[], {  }];
    isBalanceShared: [boolean, {  }];
    lines: [Of<'ReconciliationLineConnection'>, {  }];
    observedAt: [string, {  }];
    spent: [string, {  }];
    verification: [Of<'Verification'>, {  }];
  };
  ReferenceImage: {
    createdAt: [string, {  }];
    id: [string, {  }];
    image: [Of<'Image'>, {  }];
    kind: [('BODY' | 'FACE' | 'POSE' | 'STYLE'), {  }];
    label: [string, {  }];
  };
  ReferenceImageConnection: {
    edges: [Of<'ReferenceImageEdge'>[], {  }];
    nodes: [Of<'ReferenceImage'>[], {  }];
    pageInfo: [Of<'PageInfo'>, {  }];
    totalCount: [number, {  }];
  };
  ReferenceImageEdge: {
    cursor: [string, {  }];
    node: [Of<'ReferenceImage'>, {  }];
  };
  RejectGenerationPayload: {
    generation: [Of<'Generation'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RemoveBudgetPayload: {
    budget: [Of<'Budget'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RemoveMemberPayload: {
    member: [Of<'Member'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RemoveProviderKeyPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RemoveReferenceImagePayload: {
    referenceImage: [Of<'ReferenceImage'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  ResolveUncertainGenerationPayload: {
    generation: [Of<'Generation'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RestoreProjectPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RetryGenerationPayload: {
    generation: [Of<'Generation'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  RevokeApiKeyPayload: {
    apiKey: [Of<'ApiKey'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  SetProviderKeyPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  SpendForecast: {
    amount: [string, {  }];
    budget: [Of<'Budget'>, {  }];
    budgetRunsOutOn: [string, {  }];
    perDay: [string, {  }];
    until: [string, {  }];
  };
  SpendReport: {
    forecast: [Of<'SpendForecast'>, {  }];
    hasMore: [boolean, {  }];
    rows: [Of<'SpendRow'>[], {  }];
    totals: [Of<'SpendTotals'>, {  }];
  };
  SpendRow: {
    amount: [string, {  }];
    apiKey: [Of<'ApiKey'>, {  }];
    apiKeyId: [string, {  }];
    character: [Of<'Character'>, {  }];
    characterId: [string, {  }];
    costPerKeptPicture: [string, {  }];
    costPerPicture: [string, {  }];
    failures: [number, {  }];
    keptPictures: [number, {  }];
    medianSeconds: [number, {  }];
    model: [Of<'ImageModel'>, {  }];
    pictures: [number, {  }];
    project: [Of<'Project'>, {  }];
    projectId: [string, {  }];
    runs: [number, {  }];
    startsOn: [string, {  }];
    status: [('AWAITING_APPROVAL' | 'CANCELED' | 'COMPLETED' | 'FAILED' | 'PROCESSING' | 'QUEUED' | 'STORING' | 'SUBMITTED' | 'SUBMITTING' | 'UNCERTAIN'), {  }];
    user: [Of<'User'>, {  }];
    userId: [string, {  }];
  };
  SpendTotals: {
    amount: [string, {  }];
    costPerKeptPicture: [string, {  }];
    costPerPicture: [string, {  }];
    failures: [number, {  }];
    keptPictures: [number, {  }];
    medianSeconds: [number, {  }];
    pictures: [number, {  }];
    runs: [number, {  }];
  };
  StorageSweep: {
    areFilesSwept: [boolean, {  }];
    endedAt: [string, {  }];
    markedFiles: [number, {  }];
    missing: [string[], {  }];
    missingFiles: [number, {  }];
    removedFiles: [number, {  }];
    removedUnfinished: [number, {  }];
    removedUploads: [number, {  }];
  };
  Subscription: {
    generationUpdated: [Of<'Generation'>, { id: string }];
    projectEvents: [Of<'ProjectEvent'>, { after?: number | null; projectId: string }];
  };
  UpdateBudgetPayload: {
    budget: [Of<'Budget'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  UpdateCharacterPayload: {
    character: [Of<'Character'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  UpdateProjectLimitsPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  UpdateProjectPayload: {
    project: [Of<'Project'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
  User: {
    email: [string, {  }];
    forgottenAt: [string, {  }];
    id: [string, {  }];
    name: [string, {  }];
  };
  UserError: {
    code: [string, {  }];
    message: [string, {  }];
    path: [string[], {  }];
  };
  UserExport: {
    expiresAt: [string, {  }];
    url: [string, {  }];
  };
  Verification: {
    at: [string, {  }];
    entries: [number, {  }];
    entryPasses: [Of<'VerificationPasses'>, {  }];
    findingCount: [number, {  }];
    findings: [Of<'VerificationFinding'>[], {  }];
    picturePasses: [Of<'VerificationPasses'>, {  }];
    projects: [number, {  }];
  };
  VerificationFinding: {
    kind: [('ACCOUNT_TOTAL' | 'AUDIT_CHAIN_BROKEN' | 'AUDIT_ENTRIES_MISSING' | 'AUDIT_ENTRY_CHANGED' | 'AUDIT_LOG_REWRITTEN' | 'AUDIT_LOG_SHORTENED' | 'BUDGET_CAP' | 'BUDGET_HELD' | 'BUDGET_MISSING' | 'BUDGET_SETTLED' | 'DATABASE_WENT_BACK' | 'LEDGER_ENTRY' | 'PICTURE_CHANGED' | 'PICTURE_MISSING' | 'PICTURE_UNREADABLE' | 'ROLLUP' | 'ROLLUP_COUNTS' | 'RUN_COST' | 'RUN_HOLD' | 'RUN_MISSING' | 'SLOTS' | 'STORAGE_FOREIGN' | 'STORAGE_MISSING'), {  }];
    message: [string, {  }];
    project: [string, {  }];
    subject: [string, {  }];
  };
  VerificationPass: {
    endedAt: [string, {  }];
    findingCount: [number, {  }];
    findings: [Of<'VerificationFinding'>[], {  }];
    read: [number, {  }];
    startedAt: [string, {  }];
  };
  VerificationPasses: {
    current: [Of<'VerificationPass'>, {  }];
    ended: [Of<'VerificationPass'>, {  }];
  };
  Viewer: {
    apiKey: [Of<'ApiKey'>, {  }];
    expiresAt: [string, {  }];
    kind: [('ADMIN' | 'API_KEY' | 'USER'), {  }];
    user: [Of<'User'>, {  }];
  };
  WithdrawInvitationPayload: {
    invitation: [Of<'Invitation'>, {  }];
    userErrors: [Of<'UserError'>[], {  }];
  };
}

export interface Inputs {
  AcceptInvitationInput: {
    token: string;
  };
  AddReferenceImageInput: {
    characterId: string;
    kind: ('BODY' | 'FACE' | 'POSE' | 'STYLE');
    label?: string | null;
    source: Inputs['ImageSourceInput'];
  };
  ApproveGenerationInput: {
    id: string;
  };
  ArchiveCharacterInput: {
    id: string;
  };
  ArchiveProjectInput: {
    id: string;
  };
  AuditLogFilter: {
    actions?: readonly (('API_KEY_CREATED' | 'API_KEY_REVOKED' | 'BUDGET_CREATED' | 'BUDGET_REMOVED' | 'BUDGET_UPDATED' | 'CHARACTER_ARCHIVED' | 'CHARACTER_CREATED' | 'CHARACTER_UPDATED' | 'GENERATION_APPROVED' | 'GENERATION_CANCELED' | 'GENERATION_REJECTED' | 'GENERATION_REQUESTED' | 'GENERATION_RESOLVED' | 'IMAGE_UPLOADED' | 'INVITATION_ACCEPTED' | 'INVITATION_WITHDRAWN' | 'MEMBER_INVITED' | 'MEMBER_REMOVED' | 'MEMBER_ROLE_CHANGED' | 'PROJECT_ARCHIVED' | 'PROJECT_CREATED' | 'PROJECT_DELETION_REQUESTED' | 'PROJECT_LIMITS_UPDATED' | 'PROJECT_RESTORED' | 'PROJECT_UPDATED' | 'PROVIDER_KEY_REMOVED' | 'PROVIDER_KEY_SET' | 'REFERENCE_IMAGE_ADDED' | 'REFERENCE_IMAGE_REMOVED' | 'USER_EXPORTED' | 'USER_FORGOTTEN'))[] | null;
    apiKeyId?: string | null;
    from?: string | null;
    targetId?: string | null;
    until?: string | null;
    userId?: string | null;
  };
  CancelGenerationInput: {
    id: string;
  };
  ChangeMemberRoleInput: {
    id: string;
    role: ('EDITOR' | 'OWNER' | 'VIEWER');
  };
  ConsistentCharacterAiNeolemonInput: {
    fdGuidanceScale?: number | null;
    fdSampler?: string | null;
    fdScheduler?: string | null;
    fdSteps?: number | null;
    guidanceScale?: number | null;
    image?: Inputs['ReferenceInput'] | null;
    negativePrompt?: string | null;
    numInferenceSteps?: number | null;
    prompt?: string | null;
    sampler?: string | null;
    samples?: number | null;
    scheduler?: string | null;
    seed?: number | null;
    strength?: number | null;
    upscaleBy?: number | null;
    upscaleGuidanceScale?: number | null;
    upscaleModeType?: string | null;
    upscaleSampler?: string | null;
    upscaleScheduler?: string | null;
    upscaleSteps?: number | null;
  };
  ConsistentCharacterAiNeolemonV3Input: {
    guidanceScale?: number | null;
    height?: number | null;
    inputImage?: Inputs['ReferenceInput'] | null;
    ipImage?: Inputs['ReferenceInput'] | null;
    negativePrompt?: string | null;
    prompt?: string | null;
    seed?: number | null;
    steps?: number | null;
    width?: number | null;
  };
  ConsistentCharacterInput: {
    negativePrompt?: string | null;
    numberOfImagesPerPose?: number | null;
    numberOfOutputs?: number | null;
    outputFormat?: ('jpg' | 'png' | 'webp') | null;
    outputQuality?: number | null;
    prompt?: string | null;
    randomisePoses?: boolean | null;
    seed?: number | null;
    subject?: Inputs['ReferenceInput'] | null;
  };
  ConsistentCharacterWithPoseInput: {
    base64?: boolean | null;
    customHeight?: number | null;
    customWidth?: number | null;
    faceImage?: Inputs['ReferenceInput'] | null;
    outputFormat?: ('jpeg' | 'png' | 'webp') | null;
    poseImage?: Inputs['ReferenceInput'] | null;
    prompt?: string | null;
    quality?: number | null;
    samples?: number | null;
    seed?: number | null;
    useInputImgDimension?: boolean | null;
  };
  CreateApiKeyInput: {
    allowedModels?: readonly (string)[] | null;
    expiresAt?: string | null;
    kind: ('PERSONAL' | 'SERVICE');
    name: string;
    projectId: string;
    role: ('EDITOR' | 'OWNER' | 'VIEWER');
  };
  CreateBudgetInput: {
    apiKeyId?: string | null;
    cap: string;
    characterId?: string | null;
    memberId?: string | null;
    model?: string | null;
    period: ('DAY' | 'MONTH' | 'TOTAL');
    projectId: string;
    scope: ('API_KEY' | 'CHARACTER' | 'MEMBER' | 'MODEL' | 'PROJECT');
    thresholds?: readonly (number)[] | null;
  };
  CreateCharacterInput: {
    appearance?: string | null;
    description?: string | null;
    name: string;
    negativePrompt?: string | null;
    projectId: string;
    tags?: readonly (string)[] | null;
  };
  CreateProjectInput: {
    name: string;
  };
  DeleteProjectInput: {
    id: string;
    name: string;
  };
  ExportUserInput: {
    id: string;
  };
  ForgetUserInput: {
    id: string;
  };
  GenerateInput: {
    batch?: string | null;
    characterId: string;
    idempotencyKey?: string | null;
    includeAppearance?: boolean | null;
    model: Inputs['ModelInput'];
    quoteId?: string | null;
    reuse?: boolean | null;
    waitSeconds?: number | null;
  };
  GenerationFilter: {
    batch?: string | null;
    characterId?: string | null;
    statuses?: readonly (('AWAITING_APPROVAL' | 'CANCELED' | 'COMPLETED' | 'FAILED' | 'PROCESSING' | 'QUEUED' | 'STORING' | 'SUBMITTED' | 'SUBMITTING' | 'UNCERTAIN'))[] | null;
  };
  ImageSourceInput: {
    base64?: string | null;
    imageId?: string | null;
    url?: string | null;
  };
  InviteMemberInput: {
    email: string;
    expiresAt?: string | null;
    projectId: string;
    role: ('EDITOR' | 'OWNER' | 'VIEWER');
  };
  LedgerFilter: {
    characterId?: string | null;
    from?: string | null;
    fromDay?: string | null;
    generationId?: string | null;
    kinds?: readonly (('ADJUST' | 'CHARGE' | 'HOLD' | 'RELEASE'))[] | null;
    toDay?: string | null;
    until?: string | null;
  };
  ModelInput: {
    consistentCharacter?: Inputs['ConsistentCharacterInput'] | null;
    consistentCharacterAiNeolemon?: Inputs['ConsistentCharacterAiNeolemonInput'] | null;
    consistentCharacterAiNeolemonV3?: Inputs['ConsistentCharacterAiNeolemonV3Input'] | null;
    consistentCharacterWithPose?: Inputs['ConsistentCharacterWithPoseInput'] | null;
  };
  RateImageInput: {
    id: string;
    verdict?: ('DISCARDED' | 'FAVORITE') | null;
  };
  ReconcileInput: {
    account?: string | null;
  };
  ReferenceInput: {
    imageId?: string | null;
    referenceImageId?: string | null;
  };
  RejectGenerationInput: {
    id: string;
    reason?: string | null;
  };
  RemoveBudgetInput: {
    id: string;
  };
  RemoveMemberInput: {
    id: string;
  };
  RemoveProviderKeyInput: {
    projectId: string;
  };
  RemoveReferenceImageInput: {
    id: string;
  };
  ResolveUncertainGenerationInput: {
    amount?: string | null;
    confirmUnusualCost?: boolean | null;
    id: string;
    outcome: ('CHARGED' | 'NOT_CHARGED');
    retry?: boolean | null;
  };
  RestoreProjectInput: {
    id: string;
  };
  RetryGenerationInput: {
    id: string;
  };
  RevokeApiKeyInput: {
    id: string;
  };
  SetProviderKeyInput: {
    key: string;
    projectId: string;
  };
  SpendFilter: {
    apiKeyIds?: readonly (string)[] | null;
    characterIds?: readonly (string)[] | null;
    models?: readonly (string)[] | null;
    projectIds?: readonly (string)[] | null;
    statuses?: readonly (('AWAITING_APPROVAL' | 'CANCELED' | 'COMPLETED' | 'FAILED' | 'PROCESSING' | 'QUEUED' | 'STORING' | 'SUBMITTED' | 'SUBMITTING' | 'UNCERTAIN'))[] | null;
    userIds?: readonly (string)[] | null;
  };
  UpdateBudgetInput: {
    cap?: string | null;
    id: string;
    thresholds?: readonly (number)[] | null;
  };
  UpdateCharacterInput: {
    appearance?: string | null;
    description?: string | null;
    id: string;
    name?: string | null;
    negativePrompt?: string | null;
    tags?: readonly (string)[] | null;
  };
  UpdateProjectInput: {
    id: string;
    timeZone?: string | null;
  };
  UpdateProjectLimitsInput: {
    approvalPerBatch?: string | null;
    approvalPerRun?: string | null;
    id: string;
    maxConcurrentGenerations?: number | null;
  };
  WithdrawInvitationInput: {
    id: string;
  };
}
