// Everything around the map.

export { DetailPanel } from './DetailPanel';
export { EmptyState } from './EmptyState';
export { HealthStrip } from './HealthStrip';
export { NewLinksView } from './NewLinksView';
export { TableView } from './TableView';
export { Toolbar } from './Toolbar';
