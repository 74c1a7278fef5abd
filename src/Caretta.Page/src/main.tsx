import { render } from 'preact';
import { start } from './client';
import { MapView } from './map/MapView';
import { DetailPanel, EmptyState, HealthStrip, NewLinksView, TableView, Toolbar } from './panels/index';
import { state } from './state';

function Page() {
  const view = state.value.view;
  return (
    <div class="page">
      <header class="page-bar">
        <Toolbar />
        <HealthStrip />
      </header>
      <main class="page-stage">
        {view === 'table' ? <TableView /> : view === 'new' ? <NewLinksView /> : <MapView />}
        <EmptyState />
      </main>
      <div class="page-side">
        <DetailPanel />
      </div>
    </div>
  );
}

const root = document.getElementById('app');
if (root) {
  start();
  render(<Page />, root);
}
