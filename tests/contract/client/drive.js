// Drives a running Callboard through every method of Backstage's catalog client and prints what came back.
// Arguments: base URL, token, URL of a descriptor that can be registered, and of another.
'use strict';

const { CatalogClient, CATALOG_FILTER_EXISTS } = require('@backstage/catalog-client');

const [base, token, descriptor, otherDescriptor] = process.argv.slice(2);
const called = new Set();
const real = new CatalogClient({ discoveryApi: { getBaseUrl: async plugin => `${base}/api/${plugin}` } });
const client = new Proxy(real, {
  get(target, name) {
    const member = target[name];
    if (typeof member !== 'function') return member;
    called.add(name);
    // Bound to the client itself: what its methods call of each other does not count.
    return member.bind(target);
  },
});
const auth = { token };
const name = entity => entity && entity.metadata.name;

async function collect(stream) {
  const out = [];
  for await (const batch of stream) out.push(...batch);
  return out;
}

async function outcome(promise) {
  try {
    return await promise;
  } catch (error) {
    return { error: error.name, status: error.response && error.response.status, cause: error.cause && error.cause.name };
  }
}

async function until(probe) {
  for (let i = 0; i < 200; i++) {
    const found = await probe();
    if (found) return found;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return undefined;
}

async function pages(first) {
  const out = [];
  let response = await client.queryEntities(first, auth);
  while (true) {
    out.push(response.items.map(name));
    if (!response.pageInfo.nextCursor) break;
    response = await client.queryEntities({ cursor: response.pageInfo.nextCursor, limit: first.limit }, auth);
  }
  const back = await client.queryEntities({ cursor: response.pageInfo.prevCursor, limit: first.limit }, auth);
  return { forward: out, back: back.items.map(name), total: response.totalItems };
}

async function main() {
  const results = {};
  const web = 'component:default/web';
  const order = { field: 'metadata.name', order: 'asc' };

  await until(async () => (await client.getEntityByRef(web, auth)) && (await client.getEntityByRef('user:default/mia', auth)));
  results.getEntities = (
    await client.getEntities({ filter: [{ kind: ['Component', 'API'] }, { kind: 'user' }], order, fields: ['metadata.name'] }, auth)
  ).items;
  results.getEntitiesPaged = (
    await client.getEntities({ filter: { kind: 'component' }, limit: 1, offset: 1, order }, auth)
  ).items.map(name);
  results.getEntitiesExists = (
    await client.getEntities({ filter: { 'metadata.annotations.example.com/a-b': CATALOG_FILTER_EXISTS } }, auth)
  ).items.map(name);
  results.getEntitiesByRefs = (
    await client.getEntitiesByRefs({ entityRefs: [web, 'component:default/none'], fields: ['kind'] }, auth)
  ).items;
  results.queryEntities = await pages({ filter: { kind: 'component' }, orderFields: order, limit: 1 });
  results.queryEntitiesByPredicate = await pages({ query: { kind: { $in: ['component'] } }, orderFields: order, limit: 1 });
  results.queryEntitiesText = (
    await client.queryEntities({ fullTextFilter: { term: 'WEB', fields: ['metadata.name'] }, orderFields: order }, auth)
  ).items.map(name);
  results.getEntityByRef = [
    name(await client.getEntityByRef(web, auth)),
    name(await client.getEntityByRef({ kind: 'COMPONENT', namespace: 'default', name: 'Web' }, auth)),
    (await client.getEntityByRef('component:default/none', auth)) === undefined,
  ];
  results.getEntityByName = name(await client.getEntityByName({ kind: 'api', namespace: 'default', name: 'orders' }, auth));
  const ancestry = await client.getEntityAncestors({ entityRef: web }, auth);
  results.getEntityAncestors = [ancestry.rootEntityRef, ancestry.items.map(item => item.entity.kind)];
  results.getEntityFacets = (
    await client.getEntityFacets({ facets: ['spec.type', 'nope'], filter: { kind: 'component' } }, auth)
  ).facets;
  results.getEntityFacetsByPredicate = (
    await client.getEntityFacets({ facets: ['kind'], query: { kind: 'api' } }, auth)
  ).facets;
  await client.refreshEntity(web, auth);
  results.streamEntities = (await collect(client.streamEntities({ filter: { kind: 'component' } }, auth))).map(name).sort();

  const entity = await client.getEntityByRef(web, auth);
  const bare = { apiVersion: entity.apiVersion, kind: entity.kind, metadata: { name: 'fine' }, spec: entity.spec };
  results.validateEntity = [
    await client.validateEntity(bare, `url:${descriptor}`, auth),
    await client.validateEntity({ ...bare, spec: {} }, `url:${descriptor}`, auth),
  ];
  const analysis = await client.analyzeLocation({ location: { type: 'url', target: 'https://github.com/acme/shop' } }, auth);
  results.analyzeLocation = name(analysis.generateEntities[0].entity);

  const dry = await client.addLocation({ type: 'url', target: descriptor, dryRun: true }, auth);
  results.addLocationDry = [dry.exists, dry.entities.map(name).slice(1)];
  const added = await client.addLocation({ type: 'url', target: descriptor }, auth);
  const id = added.location.id;
  results.addLocationAgain = await outcome(client.addLocation({ type: 'url', target: descriptor }, auth));
  results.addLocationRefresh = (await client.addLocation({ type: 'url', target: descriptor, onConflict: 'refresh' }, auth)).location.id === id;
  await until(() => client.getEntityByRef('component:default/registered', auth));
  results.getLocations = (await client.getLocations({}, auth)).items.map(one => one.target);
  results.queryLocations = (
    await client.queryLocations({ query: { target: { $hasPrefix: 'http' } }, limit: 1 }, auth)
  ).items.map(one => one.id === id);
  results.streamLocations = (await collect(client.streamLocations({}, auth))).map(one => one.target);
  results.getLocationById = [
    (await client.getLocationById(id, auth)).target,
    (await client.getLocationById('7f000000-0000-4000-8000-00000000abcd', auth)) === undefined,
  ];
  results.getLocationByRef = (await client.getLocationByRef(`url:${descriptor}`, auth)).id === id;
  results.getLocationByEntity = [
    (await client.getLocationByEntity('component:default/registered', auth)).id === id,
    (await client.getLocationByEntity(web, auth)) === undefined,
  ];
  results.updateLocation = (await client.updateLocation(id, { type: 'url', target: otherDescriptor }, auth)).target;
  const moved = await until(() => client.getEntityByRef('component:default/moved', auth));
  await client.removeEntityByUid(moved.metadata.uid, auth);
  results.removeEntityByUid = (await client.getEntityByRef('component:default/moved', auth)) === undefined;
  await client.removeLocationById(id, auth);
  results.removeLocationById = [
    (await client.getLocations({}, auth)).items.length,
    await outcome(client.removeLocationById(id, auth)),
  ];
  results.unauthenticated = await outcome(real.getEntities({}));

  const internal = ['constructor', 'requestIgnored', 'requestRequired', 'requestOptional', 'getFilterValue',
    'queryEntitiesByPredicate', 'getEntityFacetsByPredicate'];
  results.neverCalled = Object.getOwnPropertyNames(CatalogClient.prototype).filter(
    method => !called.has(method) && !internal.includes(method),
  );
  process.stdout.write(JSON.stringify(results));
}

main().catch(error => {
  process.stderr.write(`${error.stack}\n${JSON.stringify(error.body || {})}\n`);
  process.exit(1);
});
