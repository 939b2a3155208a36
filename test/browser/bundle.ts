import { rolldown } from "rolldown";

/**
 * A module and everything it imports as one script for browsers.
 * @throws when anything of it is only in Node, or is not found
 */
export async function bundleForBrowser(entry: string): Promise<string> {
  const complaints: string[] = [];
  await using bundle = await rolldown({
    input: entry,
    platform: "browser",
    // What it cannot resolve it would leave to the browser to import, with a warning.
    onLog: (_level, { message }) => void complaints.push(message),
  });
  // Made as small as applications make it: whatever relied on the names of its functions and classes would break here.
  const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false });
  const [{ code, imports, dynamicImports }] = output;
  complaints.push(...[...imports, ...dynamicImports].map((left) => `${left} is left to be imported`));
  if (complaints.length > 0) throw new Error(`${entry} is not for browsers:\n${complaints.join("\n")}`);
  return code;
}
