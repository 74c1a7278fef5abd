import { graph } from '../model/current';

/** The map. */
export function MapView() {
  return <section class="map">{graph.value?.nodes.length ?? 0} nodes</section>;
}
