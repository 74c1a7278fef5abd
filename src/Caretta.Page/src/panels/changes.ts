import type { Change } from '../model/graph';

/** How a change is marked beside its colour. */
export const changeMarks: Record<Change, string> = { new: '+', gone: '−', grown: '▲', shrunk: '▼', same: '=' };
