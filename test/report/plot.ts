/** One plot of a report. */
export interface Plot {
  /** Name of its file, beside the document. */
  readonly file: string;
  /** What it shows, for those who do not see it. */
  readonly alternative: string;
  readonly svg: string;
}

/** The plot in Markdown. */
export function plotText({ file, alternative }: Plot): string {
  return `![${alternative}](${file})`;
}
