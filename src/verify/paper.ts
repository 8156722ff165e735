import type { Finding, Report } from '../features/verification/finding.ts';

/** What a person, or with `isJson` a machine, is told while a verification goes on. One line for each thing. */
export interface Paper {
  /** A part is done: what it looked at. */
  checked(part: string, facts: Readonly<Record<string, string | number | null>>, words: string): void;
  readonly report: Report;
  /** The last line. Answers the exit code. */
  end(): 0 | 1;
}

/** Begins to tell. */
export function createPaper({ isJson, write }: { isJson: boolean; write: (line: string) => void }): Paper {
  let count = 0;
  return {
    checked(part, facts, words) {
      write(isJson ? JSON.stringify({ checked: part, ...facts }) : `${part}: ${words}`);
    },
    report(finding: Finding) {
      count += 1;
      const { kind, project, subject, message } = finding;
      const where = project === null ? '' : ` project ${project},`;
      write(
        isJson
          ? JSON.stringify({ finding: { kind, project, subject, message } })
          : `  ${kind}:${where} ${message}`,
      );
    },
    end() {
      if (isJson) write(JSON.stringify({ findings: count }));
      else write(count === 0 ? 'Everything fits.' : `${count} finding(s).`);
      return count === 0 ? 0 : 1;
    },
  };
}
