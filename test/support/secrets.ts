import type { TestDatabase } from './database.ts';

/** What an API key, an invitation or a provider key looks like, wherever it appears. */
const secretPattern = /dramatis_(?:key|invitation)_[\w-]{43}|SG_[\w-]{8,}/g;

/**
 * Everything that a test's servers were given or have shown as a secret, and everything that they have said since. At
 * the end none of the one may be found in the other, nor in any table.
 */
export class Secrets {
  readonly #secrets = new Set<string>();
  readonly #hushed = new Set<string>();
  readonly #said: { readonly where: string; readonly text: string }[] = [];

  /** Everything that the servers have logged so far. */
  get logged(): readonly string[] {
    return this.#said.filter(({ where }) => where === 'log').map(({ text }) => text);
  }

  /** Something that must never be said. */
  keep(secret: string | undefined): void {
    if (secret && secret.length >= 12) this.#secrets.add(secret);
  }

  /** A tenant's own words: they belong into their tables and answers, and nowhere else. */
  hush(text: string): void {
    this.#hushed.add(text);
  }

  /** What a client sent: whatever looks like a secret in it is one. */
  sent(text: string): void {
    for (const [secret] of text.matchAll(secretPattern)) this.keep(secret);
  }

  /** What the server said. A secret may be shown in one answer, the first that holds it. */
  said(where: string, text: string): void {
    const shown = [...text.matchAll(secretPattern)].map(([secret]) => secret);
    const isNew = shown.filter(
      (secret) => where === 'answer' && secret.startsWith('dramatis_') && !this.#secrets.has(secret),
    );
    for (const secret of isNew) this.keep(secret);
    this.#said.push({
      where,
      text: isNew.reduce((rest, secret) => rest.replace(secret, '(shown once)'), text),
    });
  }

  /** Throws when a secret was said, or lies in a table: its name is told, not the secret. */
  async search(database: TestDatabase): Promise<void> {
    const tables = await database.query(
      "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables WHERE table_schema IN ('public', 'pgboss') AND table_type = 'BASE TABLE'",
    );
    const texts = tables.map(
      ({ schema, name }) =>
        `SELECT '${name}' AS name, string_agg(t::text, E'\\n') AS text FROM "${schema}"."${name}" t`,
    );
    for (const { name, text } of await database.query(texts.join(' UNION ALL ')))
      if (text) this.#said.push({ where: `table ${name}`, text: String(text) });
    for (const { where, text } of this.#said) {
      const isPublic = /^(log|table (job|queue|audit_entries|rate_limits|provider_pauses))/.test(where);
      for (const words of isPublic ? this.#hushed : []) {
        if (text.includes(words)) throw new Error(`A tenant's words were found in: ${where}`);
      }
      for (const secret of this.#secrets) {
        const at = text.indexOf(secret);
        if (at !== -1)
          throw new Error(`A secret was found in: ${where}: …${text.slice(Math.max(0, at - 200), at)}`);
      }
    }
  }
}
