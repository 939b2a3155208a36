/** Whether a broker delivers a subject to a subscription: `*` stands for one token, a final `>` for one or more. */
export function matchesFilter(filter: string, subject: string): boolean {
  const [wanted, given] = [filter.split("."), subject.split(".")];
  const rest = wanted.indexOf(">");
  if (rest === -1 ? wanted.length !== given.length : given.length <= rest) return false;
  return wanted
    .slice(0, rest === -1 ? wanted.length : rest)
    .every((part, index) => part === "*" || part === given[index]);
}

/** Whether some subject is delivered to both filters. */
export function filtersOverlap(one: string, other: string): boolean {
  const [first, second] = [one.split("."), other.split(".")];
  const shared = Math.min(first.length, second.length);
  for (let index = 0; index < shared; index += 1) {
    const [a = "", b = ""] = [first[index], second[index]];
    if (a === ">" || b === ">") return true;
    if (a !== b && a !== "*" && b !== "*") return false;
  }
  return first.length === second.length;
}
