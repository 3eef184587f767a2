/** Rows as text: the first column to the left, the others to the right, each as wide as it needs. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));

  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Lines of a paragraph with its head. */
export function section(head: string, lines: readonly string[]): string[] {
  return ['', head, ...lines.map((line) => `  ${line}`)];
}

export const nothing = '-';

/** A share of 1 as per cent. */
export function percent(share: number | undefined): string {
  return share === undefined ? nothing : `${(share * 100).toFixed(1)} %`;
}

/** Below two minutes to a tenth of a second, then in whole ones. */
export function seconds(value: number | undefined): string {
  if (value === undefined) return nothing;

  return `${Math.abs(value) < 120 ? value.toFixed(1) : value.toFixed(0)} s`;
}

export function duration(value: number): string {
  const minutes = Math.round(value / 60);

  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}
