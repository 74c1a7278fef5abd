// Numbers and times as people read them. Units are the same everywhere (kB is 1,000 bytes); times are those of the reader.

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayAndMinute = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const yearAndMinute = new Intl.DateTimeFormat(undefined, {
  year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});

/** Three digits that count: "999 B", "1.23 kB", "45.6 MB". */
export function bytes(value: number): string {
  return scaled(value, byteUnits, ' ');
}

/** As {@link bytes}, per second. */
export function byteRate(value: number): string {
  return `${bytes(value)}/s`;
}

/** Events per second: "0.2/s", "1.2k/s". */
export function rate(value: number): string {
  return `${scaled(value, ['', 'k', 'M', 'G'], '')}/s`;
}

/** In full: "12,345". */
export function count(value: number): string {
  return grouped.format(value);
}

/** "1 link", "2 links". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** The two largest units at most: "0.3 s", "12 s", "5 min", "2 h 10 min", "3 d". */
export function duration(seconds: number): string {
  if (!(seconds > 0)) {
    return '0 s';
  }

  if (seconds < 0.9995) {
    return seconds < 0.001 ? '< 1 ms' : `${digits(seconds * 1000)} ms`;
  }

  if (seconds < 59.5) {
    return `${seconds < 9.95 ? digits(seconds, 2) : Math.round(seconds)} s`;
  }

  const minutes = Math.round(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }

  const hours = Math.floor(minutes / 60);
  return hours < 48 ? two(hours, 'h', minutes % 60, 'min') : two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** How long before `now`: "just now" within ten seconds, "12 s ago". Both in seconds since 1970. */
export function ago(moment: number, now: number): string {
  const seconds = now - moment;
  return seconds < 10 ? 'just now' : `${duration(seconds)} ago`;
}

/** A moment, by the reader's clock: today without the date and to the second, else to the minute. */
export function time(moment: number, now = Date.now() / 1000): string {
  const date = new Date(moment * 1000);
  const today = new Date(now * 1000);
  return sameDay(date, today) ? clock.format(date) : withDay(date, today);
}

/**
 * From one moment to another, to the minute, or to the second where it is a matter of seconds today; the day is told once where both are of the
 * same, and not at all where that is today.
 */
export function span(from: number, to: number, now = Date.now() / 1000): string {
  const first = new Date(from * 1000);
  const last = new Date(to * 1000);
  const today = new Date(now * 1000);
  const ofDay = to - from < 120 ? clock : minute;
  if (sameDay(first, last)) {
    return sameDay(first, today) ? `${ofDay.format(first)} – ${ofDay.format(last)}` : `${withDay(first, today)} – ${minute.format(last)}`;
  }

  return `${withDay(first, today)} – ${withDay(last, today)}`;
}

function withDay(date: Date, today: Date): string {
  return (date.getFullYear() === today.getFullYear() ? dayAndMinute : yearAndMinute).format(date);
}

function sameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}

/** A difference as a factor or in per cent, by the sign of which one sees the direction: "+25 %", "−50 %", "×12". */
export function growth(now: number, before: number): string {
  if (!(before > 0)) {
    return now > 0 ? 'new' : '±0 %';
  }

  const factor = now / before;
  if (factor >= 10) {
    return `×${digits(factor, 2)}`;
  }

  const percent = Math.round((factor - 1) * 100);
  return percent > 0 ? `+${percent} %` : percent < 0 ? `−${-percent} %` : '±0 %';
}

function scaled(value: number, units: string[], gap: string): string {
  if (!Number.isFinite(value)) {
    return '–';
  }

  let unit = 0;
  let scaledValue = value;
  while (Math.abs(scaledValue) >= 999.5 && unit < units.length - 1) {
    scaledValue /= 1000;
    unit++;
  }

  const name = units[unit] ?? '';
  return digits(scaledValue) + (name ? gap + name : '');
}

function digits(value: number, significant = 3): string {
  if (value === 0) {
    return '0';
  }

  const magnitude = Math.abs(value);
  if (magnitude < 0.005) {
    return '< 0.01';
  }

  return String(magnitude < 1 ? Math.round(value * 100) / 100 : Number(value.toPrecision(significant)));
}

function two(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first} ${firstUnit}` : `${first} ${firstUnit} ${second} ${secondUnit}`;
}
