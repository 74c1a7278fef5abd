// Line icons of the panels, 16 by 16, in the colour of the text around them. Never the only label: beside words, or the button has its own.

const shapes = {
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14',
  filter: 'M2 3h12L9.5 8.5V13l-3-1.5v-3Z',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9.5V8l2.5 1.5',
  display: 'M2 5h7m4 0h1M2 11h1m4 0h7M11 3a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM5 9a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  save: 'M8 2v8m-3.5-3L8 10.5 11.5 7M2.5 13.5h11',
  close: 'm3.5 3.5 9 9m0-9-9 9',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  left: 'm10 4-4 4 4 4',
  warning: 'M8 2.5 14.5 13.5h-13ZM8 6.5v3.2m0 1.6v.7',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  copy: 'M5.5 5.5h8v8h-8Zm-3 5v-8h8',
  map: 'M4 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm8.5 3a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM5 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM5.9 4.6l4.7 1.6M4.1 6l.7 4m1.9 1.1 4.2-2.8',
  table: 'M2 3h12v10H2Zm0 3.5h12M2 10h12M6.5 6.5V13',
  sparkle: 'M8 2v3m0 6v3M2 8h3m6 0h3M4 4l1.8 1.8m4.4 4.4L12 12m0-8-1.8 1.8M5.8 10.2 4 12',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
