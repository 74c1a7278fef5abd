import { useState } from 'preact/hooks';
import { time } from '../format';

const width = 320;
const height = 72;

export interface Series {
  name: string;
  /** Of the line: see panels.css. */
  kind: 'to' | 'from' | 'bad';
  values: readonly (number | null)[];
}

interface ChartProps {
  title: string;
  times: readonly number[];
  series: Series[];
  format: (value: number) => string;
}

/** Some lines over time from nought up, with the largest value; under the pointer or with the arrow keys, the values of a moment. */
export function Chart({ title, times, series, format }: ChartProps) {
  const [at, setAt] = useState<number | null>(null);
  const first = times[0] ?? 0;
  const length = (times.at(-1) ?? 0) - first;
  const top = Math.max(...series.map((line) => line.values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)));
  const x = (index: number) => (length > 0 ? ((times[index] ?? first) - first) / length * width : width / 2);
  const y = (value: number) => height - 2 - (top > 0 ? value / top : 0) * (height - 6);
  const last = times.length - 1;
  const shown = at === null ? last : Math.min(at, last);
  const values = series.map((line) => `${line.name} ${valueAt(line, shown)}`).join(', ');

  function valueAt(line: Series, index: number): string {
    const value = line.values[index];
    return value === null || value === undefined ? '–' : format(value);
  }

  const onPointer = (event: PointerEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const moment = first + (event.clientX - box.left) / box.width * length;
    let nearest = 0;
    times.forEach((candidate, index) => {
      if (Math.abs(candidate - moment) < Math.abs((times[nearest] ?? 0) - moment)) {
        nearest = index;
      }
    });
    setAt(nearest);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(last, shown + step)));
    }
  };

  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        <span class="quiet number">at most {format(top)}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="slider" tabIndex={0} aria-label={title}
        aria-valuemin={0} aria-valuemax={Math.max(0, last)} aria-valuenow={Math.max(0, shown)} aria-valuetext={`${time(times[shown] ?? 0)}: ${values}`}
        onPointerMove={onPointer} onPointerLeave={() => setAt(null)} onKeyDown={onKeyDown} onBlur={() => setAt(null)}
      >
        <line class="base" x1={0} x2={width} y1={height - 2} y2={height - 2} />
        {series.map((line) => <path key={line.name} class={`line ${line.kind}`} d={path(line.values, x, y)} />)}
        {at !== null && <line class="cursor" x1={x(shown)} x2={x(shown)} y1={0} y2={height} />}
      </svg>
      <div class="legend">
        {series.map((line) => (
          <span key={line.name}><span class={`swatch ${line.kind}`} aria-hidden="true" />{line.name} <b>{valueAt(line, shown)}</b></span>
        ))}
        {at !== null && <span class="quiet">{time(times[shown] ?? 0)}</span>}
      </div>
    </figure>
  );
}

/** A line that is broken where nothing is known; a lone point is drawn as a short dash. */
function path(values: readonly (number | null)[], x: (index: number) => number, y: (value: number) => number): string {
  let text = '';
  values.forEach((value, index) => {
    if (value === null) {
      return;
    }

    const known = (other: number) => values[other] !== null && values[other] !== undefined;
    text += `${known(index - 1) ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!known(index - 1) && !known(index + 1)) {
      text += 'h1';
    }
  });
  return text;
}
