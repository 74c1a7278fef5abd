// What the page and the worker tell one another. Positions are world units, two numbers per node, in the order of the nodes.

/** Room for one node with its name, in world units. */
export const spacing = 84;

/** From one layer to the next. */
export const layerGap = spacing * 2.6;

/** From one node of a layer to the next. */
export const rowGap = spacing * 0.82;

export interface LayoutNode {
  key: string;
  /** Nodes of one group stay together; empty is none. */
  group: string;
}

export interface LayoutInput {
  nodes: LayoutNode[];
  /** Client and server, as indices into nodes. */
  links: (readonly [number, number])[];
  /** Width by height of what it is shown in. */
  aspect: number;
  /** Where nodes are; NaN where that is not known. */
  known: Float64Array;
}

export interface LayoutRequest extends LayoutInput {
  id: number;
  layout: 'force' | 'layers';
  /** Known nodes stay where they are, exactly; only the others are placed. */
  keep: boolean;
}

export interface LayoutReply {
  id: number;
  positions: Float64Array;
}
