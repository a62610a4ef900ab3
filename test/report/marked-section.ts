/** What is between `<!-- name:start -->` and `<!-- name:end -->`, which stand on lines of their own. */
export function markedSection(document: string, name: string): string {
  const [from, to] = placeOf(document, name);
  return document.slice(from, to);
}

/** The document with another text between the marks. Throws when a mark is missing. */
export function withMarkedSection(document: string, name: string, text: string): string {
  const [from, to] = placeOf(document, name);
  return document.slice(0, from) + text + document.slice(to);
}

function placeOf(document: string, name: string): [from: number, to: number] {
  const start = `<!-- ${name}:start -->\n`;
  const end = `<!-- ${name}:end -->`;
  const at = document.indexOf(start);
  const to = document.indexOf(end);
  if (at < 0 || to < at) throw new Error(`the document needs the lines ${start.trim()} and ${end}, in this order`);
  return [at + start.length, to];
}
