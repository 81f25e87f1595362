// The way of a person from whom one system, what is in it, and one template are hidden (../policy.yaml): the UI shows
// none of them, and no answer that it gets says anything about them. Usage: see ../__main__.py.
const L = require('./lib');
const { step, nav, see, gone, texts, equal, eventually, rest } = L;

// Titles and descriptions of what is hidden: words that stand nowhere else.
const HIDDEN = ['Box Office', 'Sells seats and lets people in', 'Holds and sells seats for every show', 'Trap door', 'Always fails; its recovery'];
// Their names, which others' relations would tell (`hasPart`, `ownerOf`).
const NAMES = ['ticketing', 'trap-door', 'box-office'];
const SYSTEM = 'system:default/box-office', TICKETING = 'component:default/ticketing', TRAP = 'template:default/trap-door';

(async () => {
  const page = await L.open();
  const role = (...a) => page.getByRole(...a), heading = name => role('heading', { name }).filter({ visible: true }).first();
  const names = () => page.locator('table').first().locator('tbody tr td:nth-child(1) a');
  const told = [];
  page.on('response', async r => {
    const url = r.url();
    if (!url.startsWith(L.BACKEND + '/api/') || /eventstream/.test(url)) return;
    const text = await r.text().catch(() => '');
    for (const word of HIDDEN) if (text.includes(word)) told.push(`"${word}" in ${r.request().method()} ${url.slice(L.BACKEND.length)}`);
  });
  const nothingHidden = async () => {
    const text = await page.evaluate(() => document.body.innerText);
    equal('on the page', [...HIDDEN, ...NAMES].filter(word => text.includes(word)), []);
  };
  const list = async kind => { await nav('/settings'); await see(role('tab', { name: 'General' })); await nav(`/?filters[kind]=${kind}&filters[user]=all`); await see(heading(/ Catalog$/)); };
  const asked = async (method, to, body) => rest(method, to, { as: 'guest', body, raw: true });

  await step('00 the catalog is loaded, and the service sees all of it', async () => {
    await eventually('27 components', async () => {
      const { facets } = await rest('GET', '/api/catalog/entity-facets?facet=kind', { as: 'service' });
      const is = Object.fromEntries(facets.kind.map(f => [f.value, f.count]));
      return is.Component === 27 && is.System === 2 && is.Template === 3;
    }, 4 * L.TIMEOUT);
    equal('the system is there', (await rest('GET', '/api/catalog/entities/by-name/system/default/box-office', { as: 'service' })).metadata.title, 'Box Office');
  });
  await step('01 signing in', async () => { await L.signIn(); L.settled(); await see(heading(/ Catalog$/)); await nothingHidden(); });
  await step('02 systems: only the other one', async () => { await list('system'); await see(heading(/Systems \(1\)$/)); await texts('rows', names(), ['lighting-rig']); await nothingHidden(); });
  await step('03 components: those in the system are not there, nor counted', async () => {
    await list('component'); await see(heading(/^All Components \(\d+\)$/));
    const { facets } = await rest('GET', '/api/catalog/entity-facets?facet=kind', { as: 'guest' });
    const count = facets.kind.find(f => f.value === 'Component').count;
    equal('fewer than there are', count < 27, true);
    await see(heading(`All Components (${count})`), role('menuitem', { name: `All ${count}` })); await nothingHidden();
  });
  await step('04 the filters offer nothing of it', async () => {
    await list('component');
    for (const label of ['Owner', 'Lifecycle', 'Tags']) { await role('textbox', { name: label, exact: true }).click(); await see(role('option').first()); await nothingHidden(); await page.keyboard.press('Escape'); }
  });
  await step('05 by its address there is no such system', async () => { await nav('/catalog/default/system/box-office'); await see(/was not found|not found/i); equal('no title', await heading('Box Office').count(), 0); });
  await step('06 by its address there is no such component', async () => { await nav('/catalog/default/component/ticketing'); await see(/was not found|not found/i); });
  await step('07 its owner does not tell of it', async () => { await nav('/catalog/default/group/guests'); await see(heading('guests')); await L.sleep(1500); await nothingHidden(); });
  await step('07b nor does its domain', async () => { await nav('/catalog/default/domain/front-of-house'); await see(heading('front-of-house')); await L.sleep(1500); await nothingHidden(); });
  await step('08 free text in the catalog', async () => { await list('component'); await role('textbox', { name: 'Search' }).fill('seats'); await see('No records to display'); await nothingHidden(); });
  await step('09 the graph has no such node', async () => {
    await nav('/catalog-graph?rootEntityRefs[]=domain:default/front-of-house&maxDepth=4'); await see(page.locator('[data-testid=node]').first()); await L.sleep(1500);
    const nodes = (await page.locator('[data-testid=node] text').allTextContents()).map(s => s.trim());
    equal('nodes', nodes.filter(n => [...HIDDEN, ...NAMES].includes(n)), []);
  });
  await step('10 search finds neither', async () => {
    await eventually('something is indexed', async () => (await rest('GET', '/api/search/query?term=lamp', { as: 'guest' })).results.length > 0);
    for (const term of ['box office', 'seats', 'trap door']) {
      await nav('/settings'); await nav(`/search?query=${encodeURIComponent(term)}`); await see(role('heading', { name: 'Search' }).or(role('textbox', { name: 'Search' })).first()); await L.sleep(1500);
      const text = await page.evaluate(() => document.querySelector('main, article')?.innerText ?? document.body.innerText);
      equal(`hits of "${term}"`, HIDDEN.filter(word => text.includes(word)), []);
    }
  });
  await step('11 templates: the forbidden one is not offered', async () => { await nav('/create'); await see(heading('Templates'), 'Build a stage prop', 'Long rehearsal'); await gone('Trap door'); await nothingHidden(); });
  await step('12 by its address it has no form', async () => { await nav('/create/templates/default/trap-door'); await see(/not found|failed to load|could not/i); equal('no button', await role('button', { name: /^create$/i }).count(), 0); });
  await step('13 the other template runs', async () => { await nav('/create/templates/default/long-rehearsal'); await role('button', { name: /^(review|create)$/i }).first().waitFor(); await nothingHidden(); });
  await step('14 importing: nothing is told of it', async () => { await nav('/catalog-import'); await see(heading(/^Start tracking/)); await nothingHidden(); });
  await step('15 asked directly, no endpoint knows of them', async () => {
    const silent = [];
    for (const [method, to, body] of [
      ['GET', '/api/catalog/entities'], ['GET', '/api/catalog/entities/by-query?limit=500'], ['GET', '/api/catalog/entities/by-query?fullTextFilterTerm=box'],
      ['POST', '/api/catalog/entities/by-query', { query: { kind: 'System' } }], ['POST', '/api/catalog/entities/by-refs', { entityRefs: [SYSTEM, TICKETING, TRAP] }],
      ['GET', '/api/catalog/entities/by-name/system/default/box-office'], ['GET', '/api/catalog/entities/by-name/component/default/ticketing/ancestry'],
      ['GET', '/api/catalog/entity-facets?facet=metadata.name&facet=metadata.title&facet=spec.system'], ['GET', `/api/catalog/graph?ref=${SYSTEM}`], ['GET', '/api/catalog/graph?ref=domain:default/front-of-house&depth=4'],
      ['GET', '/api/catalog/owners/group:default/guests'], ['GET', '/api/search/query?term=seats'], ['GET', '/api/search/query?term=trap'], ['GET', '/api/search/query?term='],
      ['GET', '/api/scaffolder/v2/templates/default/template/trap-door/parameter-schema'], ['POST', '/api/scaffolder/v2/tasks', { templateRef: TRAP, values: {} }], ['GET', '/api/scaffolder/v2/tasks'],
    ]) { const { status, text } = await asked(method, to, body); if (status >= 500 || HIDDEN.some(word => text.includes(word)) || (/POST.*tasks/.test(`${method} ${to}`) && status < 400)) silent.push(`${method} ${to}: ${status}`); }
    equal('telling', silent, []);
    equal('refused', [(await asked('POST', '/api/scaffolder/v2/tasks', { templateRef: TRAP, values: {} })).status, (await asked('GET', '/api/scaffolder/v2/templates/default/template/trap-door/parameter-schema')).status], [404, 404]);
  });
  await step('16 nothing that came to the browser told of them', async () => { equal('answers with hidden words', [...new Set(told)], []); });
  await L.finish();
})().catch(async e => { console.error(e); process.exit(2); });
