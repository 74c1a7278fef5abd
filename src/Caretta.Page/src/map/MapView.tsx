// The map: a surface that is drawn, with what is needed to steer it by mouse, finger and keyboard, and to hear it.

import { computed, effect, signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { graph } from '../model/current';
import { defaults, serialise, state, update, type ViewState } from '../state';
import { setSurface } from './current';
import type { Target } from './gestures';
import { iconOf, iconPaths } from './icons';
import { shorten } from './scene';
import { sayLink, sayNode } from './speech';
import { Surface } from './surface';

interface Tip {
  title: string;
  text: string;
  x: number;
  y: number;
}

const heard = signal('');
const maxKinds = 16; // in the legend

const directions: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

/** The map of what is shown now. */
export function MapView() {
  const root = useRef<HTMLDivElement>(null);
  const surface = useRef<Surface | null>(null);
  const tip = useSignal<Tip | null>(null);
  const hasFailed = useSignal(false);

  // Before the first frame: the worker of the layout starts while the first answer is on its way.
  useLayoutEffect(() => {
    const own = new Surface(root.current!, {
      hovered: (target, at) => {
        tip.value = describe(target, at.x, at.y);
      },
      clicked: act,
      failed: () => {
        hasFailed.value = true;
      },
      settled: (isSettled) => {
        root.current?.setAttribute('data-settled', String(isSettled));
      },
    });
    surface.current = own;
    setSurface(own);
    const context = computed(() => contextOf(state.value));
    const label = computed(() => state.value.label);
    const layout = computed(() => state.value.layout);
    const compared = computed(() => state.value.compare !== null);
    const stops = [
      effect(() => {
        if (graph.value) {
          own.show(graph.value, { label: label.value, layout: layout.value, context: context.value, compared: compared.value });
        }
      }),
      effect(() => own.select(state.value.selected)),
    ];
    return () => {
      stops.forEach((stop) => stop());
      setSurface(null);
      own.close();
    };
  }, []);

  const shown = graph.value;
  return (
    <section class="map" aria-label="Map">
      <div
        ref={root}
        class="map-surface"
        role="application"
        tabIndex={0}
        aria-label={`Map of ${shown?.nodes.length ?? 0} workloads and ${shown?.links.length ?? 0} links`}
        aria-describedby="map-keys"
        onKeyDown={(event) => surface.current && press(event, surface.current)}
        onFocus={() => surface.current?.setFocus(surface.current.focus)}
        onBlur={() => surface.current?.setFocus(surface.current.focus)}
      />
      <p id="map-keys" class="map-hidden">
        Arrow keys go from workload to workload, Enter opens one or unfolds a box, F folds its namespace, Escape closes, plus, minus and zero
        zoom. The table view has the same as a list.
      </p>
      <p class="map-hidden" aria-live="polite">{heard}</p>
      {hasFailed.value && <p class="map-note" role="alert">The map cannot be laid out here: layout.js did not load. The table has the same.</p>}
      {tip.value && <TipBox {...tip.value} />}
      <div class="map-buttons" role="group" aria-label="Zoom">
        <MapButton name="Zoom in" path="M12 6V18M6 12H18" press={() => surface.current?.zoomBy(1.5)} />
        <MapButton name="Zoom out" path="M6 12H18" press={() => surface.current?.zoomBy(1 / 1.5)} />
        <MapButton name="Show all" path="M5 9V5H9M15 5H19V9M19 15V19H15M9 19H5V15" press={() => surface.current?.fit()} />
        <MapButton name="Arrange anew" path="M18.5 9A7 7 0 1 0 19 12M19 4.5V9.5H14" press={() => surface.current?.reset()} />
      </div>
      <Legend />
    </section>
  );
}

function MapButton({ name, path, press }: { name: string; path: string; press: () => void }) {
  return (
    <button type="button" title={name} aria-label={name} onClick={press}>
      <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path d={path} /></svg>
    </button>
  );
}

function TipBox({ title, text, x, y }: Tip) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const own = box.current!;
    const { clientWidth, clientHeight } = own.parentElement!;
    const left = Math.max(4, Math.min(x + 14, clientWidth - own.offsetWidth - 8));
    const top = y + 18 + own.offsetHeight < clientHeight ? y + 18 : y - own.offsetHeight - 12;
    own.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }, [title, text, x, y]);
  return (
    <div class="map-tip" ref={box} aria-hidden="true">
      <strong><bdi>{title}</bdi></strong>
      <span>{text}</span>
    </div>
  );
}

function Legend() {
  return (
    <details class="map-legend">
      <summary>Legend</summary>
      <ul>
        <li><Sample><circle cx="18" cy="9" r="7" class="map-full" /></Sample>talks now; larger with more traffic</li>
        <li><Sample><circle cx="18" cy="9" r="6.5" class="map-hollow" /></Sample>silent</li>
        <li><Sample><circle cx="18" cy="9" r="6.5" class="map-hollow map-dashed" /></Sample>an address without a name</li>
        <li><Sample><circle cx="18" cy="9" r="5" class="map-full" /><circle cx="18" cy="9" r="7.8" class="map-bad" /></Sample>a link of it fails</li>
        <li><Sample><rect x="9" y="3" width="18" height="12" rx="3" class="map-full" /></Sample>folded; click to unfold</li>
        <li><Sample><path d="M2 9H30M34 9 28 5.5V12.5Z" class="map-line" /></Sample>from client to server; thicker with more traffic</li>
        <li><Sample><path d="M2 9H34" class="map-line map-dashed" /></Sample>silent link</li>
        <li><Sample><path d="M2 9H34" class="map-line map-bad" /></Sample>failing link</li>
        {state.value.compare && <li><Sample><path d="M2 9H34" class="map-line map-new" /></Sample>+ new link</li>}
        {state.value.compare && <li><Sample><path d="M2 9H34" class="map-line map-gone" /></Sample>− gone link</li>}
        {state.value.compare && <li><Sample><path d="M7 13 12 5 17 13ZM20 5H30L25 13Z" /></Sample>grown, shrunk</li>}
        {[...(graph.value?.kinds.keys() ?? [])].slice(0, maxKinds).map((kind) => (
          <li key={kind}>
            <Sample><path d={iconPaths[iconOf(kind, false)]} class="map-line" transform="translate(8 -1) scale(.83)" /></Sample>{shorten(kind)}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Sample({ children }: { children: preact.ComponentChildren }) {
  return <svg viewBox="0 0 36 18" width="36" height="18" aria-hidden="true">{children}</svg>;
}

// What decides who is where: all but what is selected, how links are labelled, and when.
function contextOf(view: ViewState): string {
  return serialise({
    ...view, selected: defaults.selected, label: defaults.label, view: defaults.view, sort: defaults.sort, change: defaults.change,
    range: null, compare: null,
  });
}

function describe(target: Target, x: number, y: number): Tip | null {
  if (!target) {
    return null;
  }

  const text = 'node' in target ? sayNode(target.node) : 'link' in target ? sayLink(target.link.link)
    : `${target.region.namespace}, click to fold`;
  const comma = 'node' in target && target.node.node.fold === 'none' ? target.node.node.name.length : text.indexOf(', ');
  return { title: text.slice(0, comma), text: text.slice(comma + 2), x, y };
}

function act(target: Target, isDouble: boolean): void {
  if (target && 'region' in target) {
    fold(target.region.namespace);
  } else if (target && 'node' in target) {
    if (!isDouble && !unfold(target.node.node.key)) {
      const key = target.node.node.key;
      update({ selected: state.value.selected === key ? null : key });
    }
  } else if (target) {
    if (!isDouble) {
      const key = target.link.link.key;
      update({ selected: state.value.selected === key ? null : key });
    }
  } else if (!isDouble && state.value.selected !== null) {
    update({ selected: null });
  }
}

function fold(namespace: string): void {
  if (!state.value.folded.includes(namespace)) {
    update({ folded: [...state.value.folded, namespace], selected: null });
  }
}

// Whether it was folded.
function unfold(key: string): boolean {
  const node = graph.value?.nodes.find((item) => item.key === key);
  if (!node || node.fold === 'none') {
    return false;
  }

  if (node.fold === 'external') {
    update({ foldExternal: false, selected: null });
  } else {
    update({ folded: state.value.folded.filter((namespace) => namespace !== node.namespace), selected: null });
  }

  return true;
}

function press(event: KeyboardEvent, surface: Surface): void {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }

  const direction = directions[event.key];
  const focus = surface.focus;
  if (direction) {
    const next = surface.next(...direction);
    if (next) {
      surface.setFocus(next);
      heard.value = sayNode(next);
    }
  } else if (event.key === 'Enter' || event.key === ' ') {
    if (focus && (event.key === ' ' || !unfold(focus.node.key))) {
      update({ selected: state.value.selected === focus.node.key ? null : focus.node.key });
    }
  } else if (event.key === 'Escape') {
    if (state.value.selected !== null) {
      update({ selected: null });
    } else {
      surface.setFocus(null);
      heard.value = '';
    }
  } else if (event.key === 'f' || event.key === 'F') {
    if (focus && focus.node.fold === 'none') {
      if (focus.node.kind === 'external') {
        update({ foldExternal: true, selected: null });
      } else {
        fold(focus.node.namespace);
      }
    }
  } else if (event.key === '+' || event.key === '=') {
    surface.zoomBy(1.3);
  } else if (event.key === '-') {
    surface.zoomBy(1 / 1.3);
  } else if (event.key === '0') {
    surface.fit();
  } else {
    return;
  }

  event.preventDefault();
}
