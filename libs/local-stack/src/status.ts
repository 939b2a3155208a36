import { parseArgs } from "node:util";

import { isAlive, readLedger, type LedgerEntry } from "./ledger.ts";
import { print } from "./print.ts";
import { isServing } from "./probe.ts";
import { stackFolder } from "./stack-folder.ts";

/** `make status`: one line per server and process; exits 1 unless every one of them runs and serves. */

const { values } = parseArgs({ options: { root: { type: "string" } } });
const entries = readLedger(stackFolder(values.root).ledgerFile).filter(({ kind }) => kind !== "keeper");

if (entries.length === 0) {
  print("status: no stack is running");
  process.exitCode = 1;
} else {
  const rows = await Promise.all(entries.map(rowOf));
  printTable([["SITE", "NAME", "PID", "ALIVE", "READY"], ...rows]);
  process.exitCode = rows.some((row) => row.includes("no", 3)) ? 1 : 0;
}

async function rowOf(entry: LedgerEntry): Promise<readonly string[]> {
  const alive = isAlive(entry);
  const ready = alive && (await isServing(entry.probe));
  return [entry.site, entry.name, String(entry.pid), alive ? "yes" : "no", ready ? "yes" : "no"];
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows) {
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}
