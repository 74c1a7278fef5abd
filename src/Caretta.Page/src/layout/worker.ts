// Runs beside the page, so that looking goes on while places are found. Asked again before it is done, it answers both.

import { findPlaces } from './layout';
import type { LayoutReply, LayoutRequest } from './types';

addEventListener('message', (event: MessageEvent<LayoutRequest>) => {
  const reply: LayoutReply = { id: event.data.id, positions: findPlaces(event.data) };
  postMessage(reply, { transfer: [reply.positions.buffer] });
});
