import { mkdirSync, writeFileSync } from "node:fs";

const REPORT_DIR = ".local/demo";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Ends the story: what was told does not hold. */
export class CheckFailed extends Error {
  override readonly name = "CheckFailed";
}

/** Where the demo speaks, and where it keeps account of what it claims. */
export interface Stage {
  /** Begins a scene. */
  scene(title: string): void;
  /** What somebody saw. */
  saw(who: string, what: string): void;
  /** A line that is neither. */
  line(text: string): void;
  /** A claim that must hold. Throws `CheckFailed` when it does not. */
  check(name: string, ok: boolean, detail?: string): void;
  readonly checks: readonly Check[];
}

const NAME_WIDTH = 8;

export function createStage(write: (text: string) => void): Stage {
  const checks: Check[] = [];
  return {
    checks,
    scene: (title) => write(`\n${title}\n`),
    saw: (who, what) => write(`  ${who.padEnd(NAME_WIDTH)} ${what}\n`),
    line: (text) => write(`  ${text}\n`),
    check: (name, ok, detail = "") => {
      checks.push({ name, ok, detail });
      write(`  ${ok ? "✓" : "✗"} ${name}${detail === "" ? "" : ` (${detail})`}\n`);
      if (!ok) throw new CheckFailed(name);
    },
  };
}

/** Writes what was checked, and how long it took (ms), to `.local/demo/report.json`. */
export function writeReport(stage: Stage, of: { readonly ok: boolean; readonly tookMs: number }): void {
  mkdirSync(REPORT_DIR, { recursive: true });
  const report = { ok: of.ok, tookMs: Math.round(of.tookMs), checks: stage.checks };
  writeFileSync(`${REPORT_DIR}/report.json`, `${JSON.stringify(report, null, 2)}\n`);
}
