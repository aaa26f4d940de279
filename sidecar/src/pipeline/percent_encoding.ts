// Explains common mistakes in percent-encoding.

/** What is wrong with a string that `decodeURIComponent` refuses, as the part of a sentence that follows its name. */
export function undecodable(text: string): string {
  const culprit = text.match(/(?:%[0-9a-f]{2})+|%/gi)?.find((run) => !canDecode(run)) ?? '%';
  return `contains "${culprit.slice(0, 30)}", which is not percent-encoded UTF-8. Write é as %C3%A9, and a percent sign as %25.`;
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
