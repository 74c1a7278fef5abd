import { useState } from 'preact/hooks';
import { answer } from '../client';
import { state, update, type Range } from '../state';
import { Menu } from './Menu';
import { dayBefore, describe, fixed, fromInput, lengths, rangeBefore, toInput } from './ranges';

/** Which time is looked at, and with which it is compared. */
export function TimeMenu() {
  const { range, compare } = state.value;
  const label = state.value.scope === 'node' ? 'Live' : describe(range);
  return (
    <Menu label={compare ? `${label}, compared` : label} describe={`Time: ${label}${compare ? `, compared with ${describe(compare)}` : ''}`} icon="clock" keepLabel>
      {(close) => <Times close={close} />}
    </Menu>
  );
}

function Times({ close }: { close: () => void }) {
  const { scope, range, compare } = state.value;
  const disabled = scope !== 'cluster';
  const choose = (next: Range | null) => {
    update({ range: next, compare: null });
    close();
  };
  const compareWith = (other: (range: { from: number; to: number }) => { from: number; to: number }) => {
    // Both stand still: what differs must not change while one reads it.
    const now = fixed(range);
    update({ range: now, compare: other(now) });
    close();
  };

  return (
    <div class="filters times">
      {disabled && <WhyOnlyLive />}
      <fieldset>
        <legend>Show</legend>
        <label class="choice">
          <input type="radio" name="range" checked={disabled || range === null} onChange={() => choose(null)} />
          Live
        </label>
        {lengths.map(([seconds, text]) => (
          <label key={seconds} class="choice">
            <input
              type="radio" name="range" disabled={disabled} checked={!disabled && range !== null && 'last' in range && range.last === seconds}
              onChange={() => choose({ last: seconds })}
            />
            {text}
          </label>
        ))}
        <Custom title="Custom range" initial={fixed(range)} disabled={disabled} chosen={range !== null && 'from' in range} onApply={choose} />
      </fieldset>
      <fieldset>
        <legend>Compare with</legend>
        <label class="choice">
          <input type="radio" name="compare" checked={compare === null} onChange={() => update({ compare: null })} />
          Nothing
        </label>
        <div class="menu-buttons">
          <button type="button" class="button" disabled={disabled} onClick={() => compareWith(rangeBefore)}>The range before</button>
          <button type="button" class="button" disabled={disabled} onClick={() => compareWith(dayBefore)}>A day earlier</button>
        </div>
        <Custom
          title="Another range" initial={compare ?? rangeBefore(fixed(range))} disabled={disabled} chosen={compare !== null}
          onApply={(other) => compareWith(() => other)}
        />
      </fieldset>
    </div>
  );
}

function WhyOnlyLive() {
  return answer.value?.store
    ? (
      <p class="note">
        Other times are in the store, which knows the whole cluster.{' '}
        <button type="button" class="plain" onClick={() => update({ scope: 'cluster' })}>Look at the cluster</button>
      </p>
    )
    : <p class="note">An agent knows only what it sees now. Other times and comparisons need a store: start the agent with <code>PROMETHEUS_URL</code>.</p>;
}

interface CustomProps {
  title: string;
  initial: { from: number; to: number };
  disabled: boolean;
  chosen: boolean;
  onApply: (range: { from: number; to: number }) => void;
}

function Custom({ title, initial, disabled, chosen, onApply }: CustomProps) {
  const [from, setFrom] = useState(toInput(initial.from));
  const [to, setTo] = useState(toInput(initial.to));
  const first = fromInput(from);
  const last = fromInput(to);
  const wrong = first === null || last === null || last <= first;
  return (
    <details class="custom" open={chosen}>
      <summary>{title}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!wrong) {
            onApply({ from: first, to: last });
          }
        }}
      >
        <label>From <input type="datetime-local" required disabled={disabled} value={from} onInput={(event) => setFrom(event.currentTarget.value)} /></label>
        <label>To <input type="datetime-local" required disabled={disabled} value={to} onInput={(event) => setTo(event.currentTarget.value)} /></label>
        <button type="submit" class="button" disabled={disabled || wrong}>Apply</button>
        {wrong && <p class="note bad" role="alert">The end must be after the beginning.</p>}
      </form>
    </details>
  );
}
