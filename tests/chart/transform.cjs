// node transform.cjs GRAFANA-FOLDER <INPUT: runs Grafana's own transformations, as a panel does.
//
// Input: {"transformations": […], "frames": [{"refId": "A", "fields": [{"name": …, "type": …, "values": […]}]}]}
// Output: for each resulting frame, its fields as {"name": …, "shown": …, "values": […]}; the panel shows a field by "shown", and a
// node graph finds it by "name".

// Grafana's library was made for browsers, and touches these when it is loaded.
const nothing = () => undefined;
const element = () => ({
    appendChild: nothing, setAttribute: nothing, style: {}, styleSheet: {}, sheet: { cssRules: [], insertRule: nothing },
});
Object.assign(globalThis, {
    window: globalThis,
    addEventListener: nothing,
    removeEventListener: nothing,
    dispatchEvent: nothing,
    localStorage: { getItem: () => null, setItem: nothing, removeItem: nothing },
    history: { pushState: nothing, replaceState: nothing, state: null },
    location: { href: 'http://localhost/', origin: 'http://localhost', hostname: 'localhost', pathname: '/', search: '' },
    document: {
        head: element(), body: element(), documentElement: element(), createElement: element, createTextNode: element,
        addEventListener: nothing, querySelector: () => null, getElementsByTagName: () => [element()],
    },
});

const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');
const load = createRequire(`${process.argv[2]}/package.json`);
const grafana = load('@grafana/data');
const { firstValueFrom } = load('rxjs');

const known = new Map();
for (const transformation of Object.values(grafana.standardTransformers)) {
    known.set(transformation.id, { id: transformation.id, name: transformation.name, transformation, editor: null });
}
grafana.standardTransformersRegistry.setInit(() => [...known.values()]);

async function main() {
    const input = JSON.parse(readFileSync(0, 'utf8'));
    const frames = await firstValueFrom(grafana.transformDataFrame(input.transformations, input.frames.map(grafana.toDataFrame)));
    const output = frames.map((frame) =>
        frame.fields.map((field) => ({ name: field.name, shown: field.config.displayName ?? field.name, values: [...field.values] })));
    process.stdout.write(JSON.stringify(output));
}

main();
