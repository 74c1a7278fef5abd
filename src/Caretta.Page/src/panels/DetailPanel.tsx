import { useEffect, useRef } from 'preact/hooks';
import { graph } from '../model/current';
import type { Graph, GraphLink, GraphNode } from '../model/graph';
import { state, update } from '../state';
import { Icon } from './Icon';
import { LinkDetails } from './LinkDetails';
import { NodeDetails } from './NodeDetails';

let lastInput: 'keyboard' | 'pointer' = 'pointer';
document.addEventListener('keydown', () => { lastInput = 'keyboard'; }, true);
document.addEventListener('pointerdown', () => { lastInput = 'pointer'; }, true);

/** What is known of the selected node or link. At the side, or at the bottom of narrow screens; Escape closes it. */
export function DetailPanel() {
  const { selected } = state.value;
  const panel = useRef<HTMLElement>(null);
  const cameFrom = useRef<Element | null>(null);
  const shown = selected === null ? null : find(graph.value, selected);

  useEffect(() => {
    if (selected === null) {
      return;
    }

    // Whoever selects by keyboard wants to go on reading here; a pointer is elsewhere already.
    if (lastInput === 'keyboard' && !panel.current?.contains(document.activeElement)) {
      // From one thing to the next within the panel, what had the focus is gone; the way back stays.
      if (document.activeElement !== document.body) {
        cameFrom.current = document.activeElement;
      }

      panel.current?.focus();
    }

    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) {
        event.preventDefault();
        close();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [selected]);

  const close = () => {
    const back = panel.current?.contains(document.activeElement) ? cameFrom.current : null;
    cameFrom.current = null;
    update({ selected: null });
    if (back instanceof HTMLElement && back.isConnected) {
      back.focus();
    }
  };

  if (selected === null || !graph.value) {
    return null;
  }

  return (
    <aside class="detail" aria-label="Details" ref={panel} tabIndex={-1}>
      <button type="button" class="button icon-only detail-close" aria-label="Close details" onClick={close}><Icon name="close" /></button>
      {shown === null
        ? (
          <div class="detail-section">
            <h2>Not shown now</h2>
            <p class="quiet">What was selected has no link in this time, or filters hide it.</p>
          </div>
        )
        : 'client' in shown
          ? <LinkDetails key={shown.key} link={shown} />
          : <NodeDetails key={shown.key} node={shown} links={graph.value.links} />}
    </aside>
  );
}

function find(shown: Graph | null, key: string): GraphNode | GraphLink | null {
  return shown?.nodes.find((node) => node.key === key) ?? shown?.links.find((link) => link.key === key) ?? null;
}
