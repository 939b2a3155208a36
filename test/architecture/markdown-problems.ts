import { posix } from "node:path";

/** Where a link can lead: files by their path from the root of the checkout. */
export interface Pages {
  exists(path: string): boolean;
  /** The text of a page, for the headings that a link may name. */
  read(path: string): string;
}

const FENCE = /^ {0,3}(?<fence>`{3,}|~{3,})(?<language>[^\n]*)$/;

interface Fences {
  readonly problems: readonly string[];
  /** The lines outside of code. */
  readonly prose: readonly string[];
}

function splitFences(text: string): Fences {
  const problems: string[] = [];
  const prose: string[] = [];
  let open: string | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const { fence, language = "" } = FENCE.exec(line)?.groups ?? {};
    if (open === undefined && fence !== undefined) {
      open = fence;
      if (language.trim() === "") problems.push(`line ${index + 1}: a code fence names no language`);
    } else if (open !== undefined && fence?.startsWith(open) && language.trim() === "") open = undefined;
    else if (open === undefined) prose.push(line);
  }
  if (open !== undefined) problems.push("a code fence is not closed");
  return { problems, prose };
}

/** The anchor that a heading gets: as the common hosts make it. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[`*]/g, "")
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");

const anchorsOf = (text: string): readonly string[] =>
  splitFences(text)
    .prose.map((line) => /^#{1,6}\s+(.*)$/.exec(line)?.[1])
    .filter((heading) => heading !== undefined)
    .map(anchorOf);

const LINK = /\[[^\]]*\]\((?<target>[^)\s]+)(?:\s+"[^"]*")?\)/g;
/** A path of the checkout named in code, such as `libs/room/src/decide.ts`; without places to fill in. */
const NAMED_FILE = /`(?<target>(?:libs|services|test|deploy|docs)\/[\w./-]+\.[a-z]+)`/g;

function linkProblem(page: string, target: string, pages: Pages): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? page : posix.join(posix.dirname(page), file);
  if (!pages.exists(path)) return `the link ${target} leads nowhere`;
  if (anchor === undefined || !path.endsWith(".md")) return undefined;
  return anchorsOf(pages.read(path)).includes(anchor) ? undefined : `the link ${target} names no heading`;
}

/** What is wrong with a page: links that lead nowhere, files that do not exist, code fences without a language. */
export function markdownProblems(page: string, pages: Pages): readonly string[] {
  const { problems, prose } = splitFences(pages.read(page));
  const text = prose.join("\n");
  const targets = (pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map(({ groups }) => groups?.["target"] ?? "");
  const links = targets(LINK).map((target) => linkProblem(page, target, pages));
  const files = targets(NAMED_FILE)
    .filter((path) => !pages.exists(path))
    .map((path) => `the file ${path} does not exist`);
  return [...problems, ...links.filter((problem) => problem !== undefined), ...files];
}
