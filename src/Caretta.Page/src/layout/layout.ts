// What the worker does, without the worker.

import { forceLayout } from './force';
import { layersLayout } from './layers';
import { placeNewcomers } from './place';
import type { LayoutRequest } from './types';

/** Places for all nodes of a request. */
export function findPlaces(request: LayoutRequest): Float64Array {
  return request.keep ? placeNewcomers(request, request.layout)
    : request.layout === 'layers' ? layersLayout(request)
      : forceLayout(request);
}
