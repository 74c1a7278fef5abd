// Pictures of kinds, on a grid of 24 by 24, drawn as lines.

export type IconName =
  | 'deployment' | 'statefulset' | 'daemonset' | 'job' | 'cronjob' | 'service' | 'pod' | 'node' | 'unit' | 'container' | 'process'
  | 'external' | 'unresolved' | 'other';

export const iconPaths: Record<IconName, string> = {
  deployment: 'M12 4 20.5 8.5 12 13 3.5 8.5ZM3.5 13 12 17.5 20.5 13',
  statefulset: 'M5 6.5C5 5 8 4 12 4S19 5 19 6.5 16 9 12 9 5 8 5 6.5ZM5 6.5V17.5C5 19 8 20 12 20S19 19 19 17.5V6.5M5 12C5 13.5 8 14.5 12 14.5S19 13.5 19 12',
  daemonset: 'M4 4H10V10H4ZM14 4H20V10H14ZM4 14H10V20H4ZM14 14H20V20H14Z',
  job: 'M12 3.5A8.5 8.5 0 1 0 12 20.5 8.5 8.5 0 1 0 12 3.5ZM8 12.2 11 15 16 9.2',
  cronjob: 'M12 3.5A8.5 8.5 0 1 0 12 20.5 8.5 8.5 0 1 0 12 3.5ZM12 7.5V12L15.5 14.5',
  service: 'M12 9A3 3 0 1 0 12 15 3 3 0 1 0 12 9ZM12 9V3.5M9.4 13.5 4.5 17M14.6 13.5 19.5 17',
  pod: 'M12 3.5 19.5 7.8V16.2L12 20.5 4.5 16.2V7.8ZM4.5 7.8 12 12 19.5 7.8M12 12V20.5',
  node: 'M4 4.5H20V10.5H4ZM4 13.5H20V19.5H4ZM7 7.5H9.5M7 16.5H9.5',
  unit: 'M12 8.3A3.7 3.7 0 1 0 12 15.7 3.7 3.7 0 1 0 12 8.3ZM12 3.5V6M12 18V20.5M3.5 12H6M18 12H20.5M6 6 7.8 7.8M16.2 16.2 18 18M6 18 7.8 16.2M16.2 7.8 18 6',
  container: 'M3.5 6.5H20.5V17.5H3.5ZM8 10V14M12 10V14M16 10V14',
  process: 'M5 7 10 12 5 17M12.5 17.5H19',
  external: 'M12 3.5A8.5 8.5 0 1 0 12 20.5 8.5 8.5 0 1 0 12 3.5ZM3.5 12H20.5M12 3.5C15 6 16 9 16 12S15 18 12 20.5C9 18 8 15 8 12S9 6 12 3.5Z',
  unresolved: 'M8.3 9.2A3.7 3.7 0 1 1 13.8 12.4C12.6 13.1 12 13.9 12 15.2M12 18.6V19',
  other: 'M12 5 19 12 12 19 5 12Z',
};

/** The picture of a kind; kinds of others' making have one in common. */
export function iconOf(kind: string, unresolved: boolean): IconName {
  if (unresolved) {
    return 'unresolved';
  }

  const name = kind.toLowerCase();
  switch (name) {
    case 'replicaset':
    case 'replicationcontroller':
      return 'deployment';
    case 'unresolved':
      return 'other';
    default:
      return Object.hasOwn(iconPaths, name) ? name as IconName : 'other';
  }
}
