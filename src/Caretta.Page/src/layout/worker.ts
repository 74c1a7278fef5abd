// Runs beside the page, so that looking goes on while places are found. Asked again before it is done, it answers both.

import { forceLayout } from './force';
import { layersLayout } from './layers';
import { placeNewcomers } from './place';
import type { LayoutReply, LayoutRequest } from './types';

addEventListener('message', (event: MessageEvent<LayoutRequest>) => {
  const request = event.data;
  const positions = request.keep ? placeNewcomers(request, request.layout)
    : request.layout === 'layers' ? layersLayout(request)
      : forceLayout(request);
  const reply: LayoutReply = { id: request.id, positions };
  postMessage(reply, { transfer: [positions.buffer] });
});
