/** What is on screen as a picture of vectors. */
export function exportSvg(): string {
  return '<svg xmlns="http://www.w3.org/2000/svg"/>';
}

/** What is on screen as a picture of dots. */
export async function exportPng(): Promise<Blob> {
  return new Blob([], { type: 'image/png' });
}
