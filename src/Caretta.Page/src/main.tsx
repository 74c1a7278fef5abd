import { render } from 'preact';
import { start } from './client';
import { MapView } from './map/MapView';
import { DetailPanel, EmptyState, HealthStrip, NewLinksView, TableView, Toolbar } from './panels/index';
import { state } from './state';

function Page() {
  const view = state.value.view;
  return (
    <div class="page">
      <Toolbar />
      <HealthStrip />
      <main class="stage">
        {view === 'table' ? <TableView /> : view === 'new' ? <NewLinksView /> : <MapView />}
        <EmptyState />
      </main>
      <DetailPanel />
    </div>
  );
}

const root = document.getElementById('app');
if (root) {
  start();
  render(<Page />, root);
}
