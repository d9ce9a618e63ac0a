/** What `node --cpu-prof` writes, as far as we read it. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly name: string;
  self: number;
  total: number;
  readonly children: Map<string, Frame>;
}

const [width, row] = [1_200, 16];
/** Narrower frames are left out. */
const thinnest = 1;

/** Draws a CPU profile as an SVG flame graph: callers below, callees above, width by time. Idle time is left out. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = merge(profile);
  const shapes: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, left: number, depth: number): void => {
    const wide = (frame.total / root.total) * width;
    if (wide < thinnest) return;
    deepest = Math.max(deepest, depth);
    const share = ((100 * frame.total) / root.total).toFixed(1);
    const label = escaped(frame.name).slice(0, Math.floor(wide / 7));
    shapes.push(
      `<g><title>${escaped(frame.name)}: ${share} %</title><rect x="${left.toFixed(1)}" y="${-depth * row}" width="${wide.toFixed(1)}" height="${row - 1}" fill="hsl(${(frame.name.length * 37) % 60} 80% 65%)"/><text x="${(left + 2).toFixed(1)}" y="${-depth * row + 12}">${label}</text></g>`,
    );
    for (const child of frame.children.values()) {
      draw(child, left, depth + 1);
      left += (child.total / root.total) * width;
    }
  };
  draw(root, 0, 1);
  const height = (deepest + 3) * row;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="11">
<rect width="100%" height="100%" fill="#fff"/><text x="8" y="14" font-size="13">${escaped(title)}</text>
<g transform="translate(0 ${height})">
${shapes.join('\n')}
</g></svg>
`;
}

/** Adds up samples by stack, so that a function called from one place is one frame. */
function merge({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const selfTime = new Map<number, number>();
  samples.forEach((id, index) => selfTime.set(id, (selfTime.get(id) ?? 0) + timeDeltas[index]!));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (id: number, into: Frame): void => {
    const { callFrame, children = [] } = byId.get(id)!;
    if (callFrame.functionName === '(idle)') return;
    const place = callFrame.url.replace(/^.*\/(node_modules|causeway)\//, '');
    const name = place ? `${callFrame.functionName || '(anonymous)'} ${place}` : callFrame.functionName;
    const frame = into.children.get(name) ?? { name, self: 0, total: 0, children: new Map<string, Frame>() };
    into.children.set(name, frame);
    frame.self += selfTime.get(id) ?? 0;
    for (const child of children) visit(child, frame);
  };
  const root: Frame = { name: 'all', self: 0, total: 0, children: new Map() };
  for (const child of nodes[0]?.children ?? []) visit(child, root);
  const sum = (frame: Frame): number => {
    frame.total = [...frame.children.values()].reduce((total, child) => total + sum(child), frame.self);
    return frame.total;
  };
  sum(root);
  return root;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
