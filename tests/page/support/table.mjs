// What the table shows, as a reader sees it.

/** Rows of links: names of both ends, and the rest as text. */
export function rows(page) {
  return page.locator('table.links tbody tr:not(.port)').evaluateAll((elements) => elements.map((row) => ({
    client: row.querySelector('.column-client .name')?.textContent ?? '',
    server: row.querySelector('.column-server .name')?.textContent ?? '',
    ports: row.querySelector('.column-ports')?.textContent ?? '',
    failed: row.querySelector('.column-failed')?.textContent ?? '',
    change: row.querySelector('.column-change')?.textContent ?? '',
  })));
}

/** Opens a panel of the toolbar. */
export async function openMenu(page, name) {
  await page.getByRole('button', { name }).first().click();
}

/** Shows a view. */
export async function view(page, name) {
  await page.getByRole('navigation', { name: 'View' }).getByRole('button', { name }).click();
}
