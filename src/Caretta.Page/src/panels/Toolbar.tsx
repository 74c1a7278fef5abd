import { useEffect, useRef } from 'preact/hooks';
import { answer } from '../client';
import { graph } from '../model/current';
import { state, update, type ViewState } from '../state';
import { CompareStrip } from './CompareStrip';
import { DisplayMenu } from './DisplayMenu';
import { ExportMenu } from './ExportMenu';
import { FilterChips } from './FilterChips';
import { FilterMenu } from './FilterMenu';
import { Icon, type IconName } from './Icon';
import { TimeMenu } from './TimeMenu';

const views: [ViewState['view'], string, IconName][] = [['map', 'Map', 'map'], ['table', 'Table', 'table'], ['new', 'New', 'sparkle']];

/** What is looked at and how. Every control changes the state, and so the URL. */
export function Toolbar() {
  return (
    <header class="toolbar">
      <div class="toolbar-row">
        <h1 class="brand">Caretta</h1>
        <nav class="segments" aria-label="View">
          {views.map(([view, label, icon]) => (
            <button
              key={view} type="button" aria-current={state.value.view === view ? 'page' : undefined} aria-label={label}
              onClick={() => update({ view })}
            >
              <Icon name={icon} />
              <span class="button-label">{label}</span>
            </button>
          ))}
        </nav>
        <Search />
        <FilterMenu />
        <DisplayMenu />
        <TimeMenu />
        <ScopeSwitch />
        <ExportMenu />
      </div>
      <FilterChips />
      <CompareStrip />
    </header>
  );
}

function Search() {
  const input = useRef<HTMLInputElement>(null);
  const typing = useRef(false);

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !target.closest('input, textarea, select')) {
        event.preventDefault();
        input.current?.focus();
        input.current?.select();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);

  // One step of the history for a word, not one for each letter.
  const search = (text: string) => {
    update({ search: text.slice(0, 253) }, typing.current ? 'replace' : 'push');
    typing.current = true;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (state.value.search === '') {
        input.current?.blur();
      } else {
        search('');
      }
    }
  };

  const shown = graph.value;
  return (
    <search class="search">
      <Icon name="search" />
      <input
        ref={input} type="search" aria-label="Search names, namespaces, kinds and addresses" placeholder="Search" maxLength={253}
        aria-keyshortcuts="/" autocomplete="off" spellcheck={false} value={state.value.search}
        onInput={(event) => search(event.currentTarget.value)} onBlur={() => { typing.current = false; }} onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
      <span class="visually-hidden" role="status">
        {state.value.search !== '' && shown ? `${shown.nodes.length} workloads, ${shown.links.length} links found` : ''}
      </span>
    </search>
  );
}

function ScopeSwitch() {
  const { scope } = state.value;
  const known = answer.value;
  const hasStore = known?.store ?? false;
  // Whoever came by a URL with the cluster must be able to leave it.
  if (known && !hasStore && scope === 'node') {
    return null;
  }

  return (
    <div class="segments" role="group" aria-label="Scope">
      <button type="button" aria-pressed={scope === 'node'} onClick={() => update({ scope: 'node', range: null, compare: null })}>Node</button>
      <button type="button" aria-pressed={scope === 'cluster'} disabled={!hasStore && scope !== 'cluster'} onClick={() => update({ scope: 'cluster' })}>
        Cluster
      </button>
    </div>
  );
}
