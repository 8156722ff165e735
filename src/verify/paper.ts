import type { Finding, Report } from '../features/verification/finding.ts';

/** The output of a verification, one line for each part and finding: for a person, or with `isJson` for a machine. */
export interface Paper {
  /** Reports that a part is done, and what was checked. */
  checked(part: string, facts: Readonly<Record<string, string | number | null>>, words: string): void;
  readonly report: Report;
  /** Writes the last line. Returns the exit code. */
  end(): 0 | 1;
}

/** Opens the output of a verification. */
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
