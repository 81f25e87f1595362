// A person's way through the portal, asserting what they would see. Data: ../theatre. Usage: see ../__main__.py.
// Steps find their own way, so ONLY='^(05|4\d)' runs any selection; only 01–02, 16–17 and 87, 49–50, 76–79 and 81–83 build on one another.
const L = require('./lib');
const { step, nav, load, see, gone, count, texts, equal, eventually, rest } = L;

const RUN = Date.now().toString(36), PROP = `prop-${RUN}`, IMPORTED = `understudy-${RUN}`, TITLE = `Curtain call ${RUN}`;
const PAGE1 = ['cloakroom', ...Array.from({ length: 19 }, (_, i) => `lamp-${String(i + 1).padStart(2, '0')}`)];
const PAGE2 = ['lamp-20', 'lamp-21', 'lamp-22', 'playbill', 'seatmap', 'Ticketing', 'web-window'];
// how the step icons of a task are drawn (Material icons, by the beginning of their path)
const ICON = { 'M16.59 7.58': 'completed', 'M11 15h2v2h': 'failed', 'M7 11v2h10': 'skipped', 'M12 2C6.48': 'waiting' };

(async () => {
  const page = await L.open();
  const role = (...a) => page.getByRole(...a);
  const main = () => page.locator('main, article').first();
  const link = name => role('link', { name, exact: true }).filter({ visible: true }).first();
  const heading = name => role('heading', { name, exact: typeof name === 'string' }).filter({ visible: true }).first();
  const card = title => role('article').filter({ has: role('heading', { name: title, exact: typeof title === 'string', level: 3 }) });
  const names = () => page.locator('table').first().locator('tbody tr td:nth-child(1) a');
  const rowsOf = (title, want) => texts(`rows of card "${title}"`, card(title).getByRole('rowheader'), want);
  const tabs = name => role('tab', { name, exact: true });
  const user = name => role('menuitem', { name });
  const catalog = async (query = '?filters[kind]=component&filters[user]=all') => { await nav('/settings'); await see(tabs('General')); await nav('/' + query); await see(heading(/ Catalog$/)); };
  const entity = async (ref, title) => { await nav('/catalog/' + ref); await see(heading(title)); };
  const pick = async (label, name) => { // a filter is set once the address says so; a list that is just being redrawn may swallow a click
    const set = new RegExp(`filters\\[${label.toLowerCase().replace(/s?$/, 's')}`), option = role('option', { name }).first();
    await eventually(`${label} filter set`, async () => {
      if (!(await option.isVisible())) await role('textbox', { name: label, exact: true }).click();
      await option.click({ timeout: 5000 }); await eventually('address', () => set.test(decodeURIComponent(page.url())), 5000); return true;
    });
    await page.keyboard.press('Escape');
  };
  const choose = async (nth, option) => { await page.locator('[aria-haspopup=listbox]').nth(nth).click(); await role('option', { name: option, exact: true }).click(); };
  const graph = g => ({ nodes: g.locator('[data-testid=node]'), edges: g.locator('[data-testid=edge]'), labels: g.locator('[data-testid=label]') });
  const nodeNames = async (what, g, want) => { let is; await eventually(what, async () => { is = (await graph(g).nodes.locator('text').allTextContents()).map(s => s.trim()).sort(); return JSON.stringify(is) === JSON.stringify([...want].sort()); }).catch(() => { throw new Error(`${what}: wanted ${want.join(', ')}; saw ${is}`); }); };
  const icons = async want => {
    let is; const read = async () => (is = await page.getByTestId('step-label').evaluateAll((els, ICON) => els.map(e => {
      if (e.querySelector('[role=progressbar]')) return `${e.innerText.split('\n')[0]}: running`;
      const d = [...e.querySelectorAll('svg path')].map(p => p.getAttribute('d')).join(' ');
      return `${e.innerText.split('\n')[0]}: ${Object.entries(ICON).find(([k]) => d.includes(k))?.[1]}`;
    }), ICON));
    await eventually('step icons', async () => JSON.stringify(await read()) === JSON.stringify(want)).catch(() => { throw new Error(`step icons: wanted ${want}; saw ${is}`); });
  };
  const logLine = async text => { // the log shows ten lines; the filter button beside its search box leaves only those that match
    const box = page.getByPlaceholder('Search', { exact: true }).or(role('textbox', { name: 'Search' })).filter({ visible: true }).last(), line = page.getByText(text).filter({ visible: true }).first();
    const filter = box.locator('xpath=ancestor::div[contains(@class,"MuiInputBase")]/../following-sibling::button').first();
    await eventually(`log line "${text}"`, async () => {
      if ((await box.inputValue()) !== text) { await box.fill(text); await L.sleep(300); }
      if (await line.isVisible()) return true;
      await filter.click(); await L.sleep(400); return line.isVisible();
    });
    await box.fill('');
  };
  const startTask = async name => (await rest('POST', '/api/scaffolder/v2/tasks', { as: 'guest', body: { templateRef: `template:default/${name}`, values: {}, secrets: {} } })).id;
  const startProp = async () => (await rest('POST', '/api/scaffolder/v2/tasks', { as: 'guest', body: { templateRef: 'template:default/stage-prop', values: { name: PROP, owner: 'group:default/stagehands', description: 'A chair that breaks on cue', copies: 1 }, secrets: {} } })).id;
  const menu = async item => { await role('button', { name: 'More actions' }).first().click(); await role('menuitem', { name: item }).click(); };
  let task, failedTask, cancelledTask, base;

  // ---- the data, and a clean start -------------------------------------------------------------------------------------------
  await step('00 the backend has loaded the catalog; traces of earlier runs are removed', async () => {
    const want = { API: 2, Component: 27, Domain: 1, Group: 3, Resource: 1, System: 2, Template: 3, User: 2 };
    for (const l of await rest('GET', '/api/catalog/locations', { as: 'guest' })) if (/^http:\/\/127\.0\.0\.1:\d+\/journey\//.test(l.data.target)) await rest('DELETE', `/api/catalog/locations/${l.data.id}`, { as: 'guest' });
    await eventually('the kinds and counts of ../catalog', async () => {
      const { facets } = await rest('GET', '/api/catalog/entity-facets?facet=kind', { as: 'guest' });
      const is = Object.fromEntries(facets.kind.map(f => [f.value, f.count]));
      if (Object.entries(want).every(([k, n]) => is[k] === n)) return true; throw new Error(JSON.stringify(is));
    }, 4 * L.TIMEOUT);
    await rest('PUT', '/api/user-settings/buckets/default.starredEntities/keys/entityRefs', { as: 'guest', body: { value: [] } });
    const unread = (await rest('GET', '/api/notifications/notifications?read=false&limit=100', { as: 'guest' })).notifications.map(n => n.id);
    if (unread.length) await rest('POST', '/api/notifications/notifications/update', { as: 'guest', body: { ids: unread, read: true, saved: false } });
    const sync = await rest('GET', '/api/techdocs/sync/default/component/playbill', { as: 'guest', raw: true }); // builds the site, so that search can index it
    equal('documentation build', [sync.status < 400, /event: ?error/.test(sync.text)], [true, false]);
  });

  // ---- sign in, and the catalog's table ----------------------------------------------------------------------------------------
  await step('01 sign-in page', async () => {
    await page.goto(L.UI + '/', { waitUntil: 'domcontentloaded' });
    await see(role('button', { name: /^enter$/i }), 'Guest'); equal('title', /Callboard reference/.test(await page.title()), true);
  });
  await step('02 guest enters and sees the owned components', async () => {
    await role('button', { name: /^enter$/i }).click(); await see(heading('Owned Components (4)'));
    L.settled();
    await texts('rows', names(), ['cloakroom', 'playbill', 'Ticketing', 'web-window']);
    await see(user('Owned 4'), user('Starred 0'), user('All 27'), heading('Callboard Theatre Catalog'));
  });
  await step('03 a table row: system, owner, type, lifecycle, description, tags', async () => {
    await catalog('?filters[kind]=component&filters[user]=owned');
    await texts('cells', page.locator('tbody tr', { hasText: 'Ticketing' }).first().locator('td:nth-child(-n+6)'), ['Ticketing', 'Box Office', 'guests', 'service', 'production', 'Holds and sells seats for every show']);
    await see(page.locator('tbody tr', { hasText: 'Ticketing' }).first().getByText('python'), page.locator('tbody tr', { hasText: 'web-window' }).first().getByText('user:guest'));
  });
  await step('04 tab All: first page of 20', async () => { await catalog('?filters[kind]=component'); await see(user('All 27')); await user(/^All/).click(); await see(heading('All Components (27)')); await texts('rows', names(), PAGE1); });
  await step('05 next page, and back', async () => {
    await catalog(); await texts('page 1', names(), PAGE1);
    await role('button', { name: 'Next Page' }).click(); await texts('page 2', names(), PAGE2); equal('no third page', await role('button', { name: 'Next Page' }).isDisabled(), true);
    await role('button', { name: 'Previous Page' }).click(); await texts('page 1 again', names(), PAGE1);
  });
  await step('06 sort the page by name, descending', async () => {
    await catalog(); await texts('ascending', names(), PAGE1);
    // the UI sorts the page that it holds; the first click only confirms the order it has
    await eventually('turned round', async () => { await page.locator('table thead th').first().locator('[role=button]').last().click(); await L.sleep(1000); return (await names().first().innerText()).trim() === 'lamp-19'; });
    await texts('descending', names(), [...PAGE1].reverse());
  });
  await step('07 filter: type service', async () => { await catalog(); await see(heading('All Components (27)')); await choose(1, 'service'); await see(heading(/\(3\)$/)); await texts('rows', names(), ['cloakroom', 'playbill', 'Ticketing']); });
  await step('08 filter: owner Stage Hands', async () => { await catalog(); await see(heading('All Components (27)')); await pick('Owner', 'Stage Hands'); await see(heading(/\(23\)$/)); await count('rows', names(), 20); });
  await step('09 filter: lifecycle', async () => { await catalog(); await see(heading('All Components (27)')); await pick('Lifecycle', 'experimental'); await see(heading(/\(1\)$/)); await texts('rows', names(), ['seatmap']); });
  await step('10 filter: tags', async () => { await catalog(); await see(heading('All Components (27)')); await pick('Tags', 'dimmable'); await see(heading(/\(11\)$/)); await count('rows', names(), 11); });
  await step('11 filters together, from the address', async () => { await catalog('?filters[kind]=component&filters[user]=all&filters[type]=service&filters[lifecycles]=production&filters[tags]=sales'); await see(heading(/\(1\)$/)); await texts('rows', names(), ['Ticketing']); });
  await step('12 kind picker: System', async () => { await catalog(); await see(heading('All Components (27)')); await choose(0, 'System'); await see(heading(/Systems \(2\)$/)); await texts('rows', names(), ['Box Office', 'lighting-rig']); });
  await step('13 each kind has its rows', async () => {
    for (const [kind, want] of [['api', ['pricing-api', 'ticketing-api']], ['group', ['guests', 'Stage Hands', 'theatre']], ['user', ['guest', 'Mira Holt']], ['template', ['Long rehearsal', 'Build a stage prop', 'Trap door']]]) {
      await catalog(`?filters[kind]=${kind}&filters[user]=all`); await texts(kind, names(), want);
    }
  });
  await step('14 free text', async () => { await catalog(); await see(heading('All Components (27)')); await role('textbox', { name: 'Search' }).fill('lamp-1'); await see(heading(/\(10\)$/)); await texts('rows', names(), PAGE1.filter(n => n.startsWith('lamp-1'))); });
  await step('15 free text without a match', async () => { await catalog(); await see(heading('All Components (27)')); await role('textbox', { name: 'Search' }).fill('phantom'); await see('No records to display', heading(/\(0\)$/)); });
  await step('16 star a component', async () => {
    await catalog('?filters[kind]=component&filters[user]=owned'); await count('rows', names(), 4);
    const star = page.locator('tbody tr', { hasText: 'Ticketing' }).first().getByRole('button', { name: /favorites/ });
    if (/add/i.test(await star.getAttribute('title') || await star.getAttribute('aria-label') || 'add')) await star.click();
    await see(user('Starred 1'));
    await eventually('stored by the backend', async () => JSON.stringify((await rest('POST', '/api/user-settings/multiget', { as: 'guest', body: { items: [{ bucket: 'default.starredEntities', key: 'entityRefs' }] } })).items[0]?.value) === '["component:default/ticketing"]');
  });
  await step('17 the starred components', async () => { await catalog('?filters[kind]=component&filters[user]=starred'); await see(heading('Starred Components (1)')); await texts('rows', names(), ['Ticketing']); });

  // ---- entity pages ------------------------------------------------------------------------------------------------------------
  const TICKETING = 'default/component/ticketing';
  await step('18 from the table to a component', async () => {
    await catalog('?filters[kind]=component&filters[user]=owned'); await names().filter({ hasText: 'Ticketing' }).click();
    await page.waitForURL('**/catalog/default/component/ticketing'); await see(heading('Ticketing'));
    for (const t of ['production', 'guests', 'box-office']) await see(role('definition').filter({ hasText: t }).first());
    await see(role('listitem').filter({ hasText: /^Component$/ }).first(), role('listitem').filter({ hasText: /^service$/ }).first());
  });
  await step('19 component: About', async () => { await entity(TICKETING, 'Ticketing'); const c = card('About'); for (const t of ['Holds and sells seats for every show', 'guests', 'Box Office', 'python', 'sales', 'Component', 'service', 'production']) await see(c.getByText(t, { exact: true }).first()); });
  await step('20 component: links and labels', async () => { await entity(TICKETING, 'Ticketing'); await see(card('Links').getByRole('link', { name: /^Sales dashboard/ })); equal('target', await card('Links').getByRole('link').first().getAttribute('href'), 'https://example.com/ticketing/dashboard'); await rowsOf('Labels', ['tier']); await see(card('Labels').getByText('gold')); });
  await step('21 component: provided and consumed APIs', async () => { await entity(TICKETING, 'Ticketing'); await rowsOf('Provided APIs', ['ticketing-api']); await rowsOf('Consumed APIs', ['pricing-api']); await see(card('Provided APIs').getByText('OpenAPI'), card('Consumed APIs').getByText('gRPC')); });
  await step('22 component: dependencies and subcomponents', async () => { await entity(TICKETING, 'Ticketing'); await rowsOf('Depends on components', ['seatmap']); await rowsOf('Depends on resources', ['tickets-db']); await rowsOf('Has subcomponents', ['web-window']); await see(card('Depends on components').getByText('Stage Hands')); });
  const AROUND = ['Ticketing', 'pricing-api', 'seatmap', 'tickets-db', 'web-window', 'guests', 'Box Office', 'ticketing-api'];
  await step('23 component: relations graph', async () => { await entity(TICKETING, 'Ticketing'); await nodeNames('nodes', card('Relations'), AROUND); await count('edges', graph(card('Relations')).edges, 7); });
  await step('24 component: APIs tab', async () => { await entity(TICKETING, 'Ticketing'); await page.locator('main a', { hasText: /^APIs$/ }).click(); await page.waitForURL('**/ticketing/apis'); await rowsOf('Provided APIs', ['ticketing-api']); await rowsOf('Consumed APIs', ['pricing-api']); });
  await step('25 component: API definition in a dialog', async () => { await entity(TICKETING, 'Ticketing'); await card('Provided APIs').getByRole('button', { name: 'Toggle API Definition Dialog' }).click(); await see(role('dialog').getByText('List the free seats of a show')); await page.keyboard.press('Escape'); await gone(role('dialog')); });
  await step('26 component: inspect', async () => {
    await entity(TICKETING, 'Ticketing'); await menu(/inspect/i); const d = role('dialog');
    for (const t of ['uid', 'etag', 'component:default/ticketing', 'callboard.example/seat-count', 'backstage.io/managed-by-location']) await see(d.getByText(t, { exact: true }).first());
    await d.getByRole('tab', { name: 'Ancestry' }).click(); await eventually('ancestry', async () => /^Ticketing callboard-theatre generated-[0-9a-f]{40}$/.test((await graph(d).nodes.locator('text').allTextContents()).map(t => t.trim()).join(' ')));
    await d.getByRole('tab', { name: 'Colocated' }).click(); await see(d.getByRole('link', { name: 'lamp-22', exact: true }), d.getByRole('link', { name: 'playbill', exact: true }));
    await d.getByRole('tab', { name: 'Raw YAML' }).click(); await eventually('YAML', async () => /relations:\s+- type: consumesApi\s+targetRef: api:default\/pricing-api\s+- type: dependsOn\s+targetRef: component:default\/seatmap/.test(await d.innerText()));
    await d.getByRole('button', { name: /close/i }).last().click(); await gone(d);
  });
  await step('27 component: refresh', async () => { await entity(TICKETING, 'Ticketing'); const sent = page.waitForResponse(r => r.url().endsWith('/api/catalog/refresh')); await card('About').getByRole('button', { name: 'Refresh' }).click(); equal('answer', (await sent).status(), 200); await see(/refresh scheduled/i); });
  await step('28 component: unregister is explained, and cancelled', async () => { await entity(TICKETING, 'Ticketing'); await menu(/unregister/i); const d = role('dialog').or(role('alertdialog')).first(); await see(d.getByText(/does not seem to originate from a registered location/), d.getByRole('button', { name: /delete entity/i })); await d.getByRole('button', { name: /cancel/i }).click(); await gone(d); });
  await step('29 component: a relation to nothing is warned about', async () => { await entity('default/component/cloakroom', 'cloakroom'); await see(/relations to other entities, which can't be found/, 'component:default/ghost'); await see('This component does not provide any APIs.'); });
  await step('30 API page, OpenAPI definition', async () => { await entity('default/api/ticketing-api', 'ticketing-api'); await rowsOf('Providers', ['Ticketing']); await rowsOf('Consumers', ['web-window']); await nav('/catalog/default/api/ticketing-api/definition'); await see('List the free seats of a show', 'Reserve one seat', /Ticketing over HTTP/); });
  await step('31 API page, gRPC definition', async () => { await nav('/catalog/default/api/pricing-api/definition'); await see(heading('pricing-api')); await eventually('proto text', async () => (await page.locator('main').innerText()).replace(/\s+/g, ' ').includes('rpc PriceOfSeat')); });
  await step('32 system page', async () => { await entity('default/system/box-office', 'Box Office'); await rowsOf('Has components', ['cloakroom', 'playbill', 'seatmap', 'Ticketing', 'web-window']); await rowsOf('Has resources', ['tickets-db']); await see(link('front-of-house')); });
  await step('33 system page: a card with 22 rows', async () => { await entity('default/system/lighting-rig', 'lighting-rig'); await rowsOf('Has components', [...PAGE1.slice(1), ...PAGE2.slice(0, 3)]); });
  await step('34 domain page', async () => { await entity('default/domain/front-of-house', 'front-of-house'); await rowsOf('Has systems', ['Box Office']); await see(card('About').getByText('Everything the audience meets before the curtain rises')); });
  await step('35 group page: profile, members, ownership', async () => {
    await entity('default/group/stagehands', 'Stage Hands'); await see('They move what must not be seen moving', link('theatre'), heading('Stage Hands members (1 of 1)'), heading('Mira Holt'));
    for (const n of [/^22 FIXTURES? Component/i, /^1 DATABASE Resource/i, /^1 LIBRARY Component/i]) await see(role('link', { name: n }));
    await count('graph nodes', graph(card('Relations')).nodes, 28);
  });
  await step('36 user page: groups and ownership', async () => { await entity('default/user/guest', 'guest'); await see(link('guests')); for (const n of [/SERVICES? Component/i, /WEBSITES? Component/i]) await see(role('link', { name: n })); });
  await step('37 resource page', async () => { await entity('default/resource/tickets-db', 'tickets-db'); await see(card('About').getByText('Sold and free seats'), link('Stage Hands')); await nodeNames('graph', card('Relations'), ['tickets-db', 'Ticketing', 'Stage Hands', 'Box Office']); });
  await step('38 location page', async () => { await entity('default/location/callboard-theatre', 'callboard-theatre'); await see('Every entity that the UI journey looks at', /entities\.yaml/); });
  await step('39 template entity page', async () => { await entity('default/template/stage-prop', 'Build a stage prop'); await see('Renders a small component with local actions only'); });
  await step('40 an entity that does not exist', async () => { await nav('/catalog/default/component/phantom'); await see(/entity not found/i, /no component with the requested kind, namespace,? and name/i); });

  // ---- graph, APIs -------------------------------------------------------------------------------------------------------------
  await step('41 catalog graph, depth 1', async () => { await nav('/settings'); await nav('/catalog-graph?rootEntityRefs%5B%5D=component%3Adefault%2Fticketing&maxDepth=1'); await see(heading('Catalog Graph')); await nodeNames('nodes', main(), AROUND); await count('edges', graph(page).edges, 7); await see(graph(page).labels.filter({ hasText: 'dependsOn' }).first()); });
  await step('42 catalog graph, depth 2', async () => {
    await nav('/settings'); await see(tabs('General')); await nav('/catalog-graph?rootEntityRefs%5B%5D=component%3Adefault%2Fticketing&maxDepth=2');
    await nodeNames('nodes', main(), [...AROUND, 'Stage Hands', 'guest', 'cloakroom', 'playbill', 'front-of-house', 'Build a stage prop', 'Trap door', 'Long rehearsal']);
  });
  await step('43 catalog graph: a click makes a node the root', async () => { await nav('/settings'); await see(tabs('General')); await nav('/catalog-graph?rootEntityRefs%5B%5D=resource%3Adefault%2Ftickets-db&maxDepth=1'); await nodeNames('nodes', main(), ['tickets-db', 'Ticketing', 'Stage Hands', 'Box Office']); await graph(page).nodes.filter({ hasText: 'Ticketing' }).click(); await nodeNames('new nodes', main(), AROUND); });
  await step('44 APIs from the sidebar', async () => { await nav('/settings'); await see(tabs('General')); await link('APIs').click(); await see(heading(/API Explorer$/)); await texts('rows', names(), ['pricing-api', 'ticketing-api']); await see(heading(/\(2\)$/)); });

  // ---- scaffolder --------------------------------------------------------------------------------------------------------------
  const cards = () => page.getByTestId('template-card-content');
  await step('45 templates', async () => { await nav('/create'); for (const t of ['Build a stage prop', 'Trap door', 'Long rehearsal']) await see(heading(t)); await count('cards', cards(), 3); await see(user('All 3'), 'Renders a small component with local actions only', 'props'); });
  await step('46 templates: filter by tag, search', async () => {
    await nav('/settings'); await nav('/create'); await count('cards', cards(), 3); await pick('Tags', 'props'); await count('cards with the tag', cards(), 1); await see(heading('Build a stage prop'));
    await nav('/settings'); await nav('/create'); await count('cards', cards(), 3); await role('textbox', { name: 'Search' }).fill('trap'); await count('cards found', cards(), 1); await see(heading('Trap door'));
  });
  const form = () => nav('/settings').then(() => nav('/create/templates/default/stage-prop')).then(() => see(heading('Build a stage prop'), 'About the prop'));
  const box = name => role('textbox', { name }).or(page.getByLabel(name)).filter({ visible: true }).first();
  await step('47 template: choose', async () => { await nav('/settings'); await nav('/create'); await page.locator('article, .MuiCard-root').filter({ has: heading('Build a stage prop') }).last().getByRole('button', { name: /choose/i }).click(); await page.waitForURL('**/create/templates/default/stage-prop'); await see('About the prop', 'Finish', 'Review', box(/^Name/), 'Unique name of the prop'); });
  await step('48 template: the form refuses what is missing or malformed', async () => {
    await form(); await role('button', { name: /^next$/i }).click(); equal('missing name', await box(/^Name/).evaluate(e => e.validity.valueMissing), true);
    await box(/^Name/).fill('not a name!'); await role('button', { name: /^next$/i }).click(); await see(/must start and end with an alphanumeric character/i, 'About the prop', role('button', { name: /^next$/i }));
  });
  await step('49 template: fill in, with owners offered from the catalog', async () => {
    await form(); await box(/^Name/).fill(PROP); const owner = role('combobox').filter({ has: page.getByLabel(/^Owner/) }).or(page.getByLabel(/^Owner/)).first(); await owner.click();
    await count('owners offered', role('option'), 3); equal('owners offered', (await role('option').allInnerTexts()).map(t => t.trim()).sort(), ['Stage Hands', 'guests', 'theatre']); // in no fixed order 
    await eventually('owner chosen', async () => { // the list may be redrawn under the click
      const option = role('option', { name: 'Stage Hands' });
      if (!/stage/i.test(await box(/^Owner/).inputValue())) { if (!(await option.isVisible())) await owner.click(); await option.click({ timeout: 5000 }); await L.sleep(300); }
      return /stage/i.test(await box(/^Owner/).inputValue()) && !(await option.isVisible());
    });
    await role('button', { name: /^next$/i }).click(); await see('Copies'); equal('default', await box(/^Description/).inputValue(), 'A chair that breaks on cue');
    await role('button', { name: /review/i }).click(); await see(PROP, 'group:default/stagehands', 'A chair that breaks on cue', role('button', { name: /^create$/i }));
  });
  await step('50 template: create, and the task runs to its end', async () => {
    await role('button', { name: /^create$/i }).last().click(); await page.waitForURL(/create\/tasks\/[0-9a-f-]{36}/); task = page.url().match(/tasks\/([^?/]+)/)[1];
    await icons(['Render the files: completed', 'Rename the note: completed', 'Announce: completed', 'Pause: completed', 'Only for three copies: skipped']);
  });
  await step('51 task: log and output', async () => {
    task ??= await startProp(); await nav('/create/tasks'); await see(heading('Tasks')); await nav(`/create/tasks/${task}`); await see('Outcome', `The prop ${PROP} is ready`);
    equal('link', await page.locator('a', { hasText: /where the prop is kept/i }).getAttribute('href'), `https://example.com/props/${PROP}`);
    for (const l of [`Curtain up for ${PROP.toUpperCase()} by user:default/guest`, 'Beginning step Render the files', 'Finished step Announce', 'It is carried by the stage hands', `name: "${PROP}"`, 'Skipping step triplets because its if condition was false']) await logLine(l);
  });
  await step('52 task: its menu, and start over with the same values', async () => {
    task ??= await startProp(); await nav('/create/tasks'); await nav(`/create/tasks/${task}`); await see(page.getByTestId('step-label').first());
    await page.getByTestId('menu-button').or(role('button', { name: /more/i })).filter({ visible: true }).first().click(); await see(role('menuitem', { name: 'Hide Logs' }), role('menuitem', { name: 'Cancel' }));
    await role('menuitem', { name: 'Start Over' }).click(); await page.waitForURL('**/create/templates/default/stage-prop**'); await see('About the prop');
    await eventually('the name is filled in', async () => (await box(/^Name/).inputValue()) === PROP);
  });
  await step('53 a task that fails: error, icons, log', async () => {
    failedTask = await startTask('trap-door'); await nav(`/create/tasks/${failedTask}`);
    await icons(['Step on it: completed', 'Fall: failed', 'Applause: skipped', 'Sweep the stage: completed']);
    await see(/ENOENT|no such file/i); await logLine('stage is clean again'); await logLine('Skipping step applause because a previous step failed');
  });
  await step('54 the failed task is retried', async () => {
    failedTask ??= await startTask('trap-door'); await nav('/create/tasks'); await nav(`/create/tasks/${failedTask}`); await see(role('button', { name: /^retry$/i }));
    const end = async () => (await rest('GET', `/api/scaffolder/v2/tasks/${failedTask}/events`, { as: 'guest' })).findLast(e => e.type === 'completion')?.id; const before = await end();
    const answer = page.waitForResponse(r => r.url().endsWith('/retry') && r.request().method() === 'POST'); await role('button', { name: /^retry$/i }).click(); equal('answer', (await answer).status(), 201);
    await eventually('it ran to an end again', async () => ((await end()) ?? before) !== before); await icons(['Step on it: completed', 'Fall: failed', 'Applause: skipped', 'Sweep the stage: completed']);
  });
  await step('55 a long task is cancelled', async () => {
    cancelledTask = await startTask('long-rehearsal'); await nav(`/create/tasks/${cancelledTask}`); await icons(['Rehearse: running']);
    const button = role('button', { name: /^cancel$/i }).first(); const answer = page.waitForResponse(r => r.url().endsWith('/cancel'));
    if (await button.isVisible()) await button.click(); else { await page.getByTestId('menu-button').first().click(); await role('menuitem', { name: 'Cancel' }).click(); }
    equal('answer', (await answer).status(), 200);
    await eventually('it has ended', async () => /^(cancelled|failed)$/.test((await rest('GET', `/api/scaffolder/v2/tasks/${cancelledTask}`, { as: 'guest' })).status));
    equal('an event says so', (await rest('GET', `/api/scaffolder/v2/tasks/${cancelledTask}/events`, { as: 'guest' })).some(e => e.type === 'cancelled'), true);
    await eventually('cannot be cancelled twice', () => role('button', { name: /^cancel$/i }).first().isDisabled()); // the stock page goes on showing the step as running
  });
  await step('56 tasks: mine', async () => { task ??= await startProp(); await nav('/settings'); await see(tabs('General')); await nav('/create/tasks'); const row = page.locator('tbody tr', { hasText: task }); await see(row); await see(row.getByText('Build a stage prop'), row.getByText('completed'), row.getByText('guest').first()); });
  await step('57 tasks: all, with their states', async () => {
    failedTask ??= await startTask('trap-door'); await nav('/settings'); await nav('/create/tasks'); await see(user('All')); await user('All').click();
    const row = page.locator('tbody tr', { hasText: failedTask }); await see(row); await see(row.getByText('Trap door'), row.getByText('failed'));
  });
  await step('58 actions, and one in detail', async () => {
    await nav('/create/actions'); await see(role('row', { name: /^catalog:fetch/ }).first()); await role('searchbox', { name: 'Search for an action' }).fill('debug:'); await see(role('row', { name: /^debug:log/ }).first(), role('row', { name: /^debug:wait/ }).first());
    await role('row', { name: /^debug:log/ }).first().click(); await see('listWorkspace', 'message');
  });
  await step('59 templating extensions', async () => { await nav('/create/templating-extensions'); await see('parseRepoUrl', 'parseEntityRef', role('tab', { name: /functions/i })); });
  await step('60 template editor start page', async () => { await nav('/create/edit'); for (const t of ['Load Template Directory', 'Template Form Playground', 'Custom Field Explorer']) await see(t); });

  // ---- search ------------------------------------------------------------------------------------------------------------------
  const indexed = (term, type) => eventually(`${term} is indexed`, async () => (await rest('GET', `/api/search/query?term=${term}&types[0]=${type}`, { as: 'guest' })).results.length, 4 * L.TIMEOUT);
  await step('61 search: words, counts, marks', async () => {
    await indexed('lamp', 'software-catalog'); await nav('/settings'); await nav('/search'); await page.getByPlaceholder(/^Search in/).fill('seats');
    await see(role('button', { name: /^Software Catalog [1-9]\d* results/ }), link('Ticketing')); await see(page.locator('mark', { hasText: /seats/i }).first());
  });
  await step('62 search: 22 lamps and their system on one page of 25', async () => { await indexed('lamp', 'software-catalog'); await nav('/settings'); await nav('/search?query=lamp'); await see(role('button', { name: /^All 2\d results/ })); await eventually('lamps', async () => (await role('listitem').filter({ hasText: /Lamp \d+ of the rig/ }).count()) === 22); });
  await step('63 search: kind filter', async () => { await indexed('seats', 'software-catalog'); await nav('/settings'); await nav('/search?query=seats&types[]=software-catalog&filters[kind]=Resource'); await see(link('tickets-db')); await gone(link('Ticketing')); });
  await step('64 search: documentation', async () => { await indexed('kaleidoscope', 'techdocs'); await nav('/settings'); await nav('/search?query=kaleidoscope'); await see(role('button', { name: /^Documentation [1-9]\d* results?/ })); await role('button', { name: /^Documentation/ }).click(); await see(page.locator('mark', { hasText: /kaleidoscope/i }).first(), role('link', { name: /playbill/i }).first()); });
  await step('65 search: nothing found', async () => { await nav('/settings'); await nav('/search?query=qwertzuiop'); await see(/no results were found/i, role('button', { name: /^All 0 results/ })); });
  await step('66 search in the sidebar', async () => {
    await indexed('lamp', 'software-catalog'); await nav('/settings'); await see(tabs('General')); await role('navigation', { name: 'sidebar nav' }).getByRole('button', { name: 'Search' }).click();
    const d = role('dialog'); await d.getByRole('textbox').first().fill('ticketing'); await see(d.getByRole('link', { name: /^Ticketing/i }).first()); await page.keyboard.press('Escape'); await gone(d);
  });

  // ---- documentation -----------------------------------------------------------------------------------------------------------
  await step('67 documentation index', async () => { await nav('/docs'); await see(heading('Owned (1)')); await texts('rows', names(), ['playbill']); await see('The programme of the season, with a documentation site'); });
  await step('68 a documentation page', async () => { await nav('/docs/default/component/playbill'); await see(heading(/^Playbill handbook/), heading(/^Printing/), page.getByText('The word kaleidoscope stands on this page only.')); await see(link('Rehearsals')); });
  await step('69 to the second page', async () => { await nav('/docs/default/component/playbill'); await see(heading(/^Playbill handbook/)); await link('Rehearsals').click(); await page.waitForURL('**/playbill/rehearsals/**'); await see(heading(/^Rehearsal calendar/), 'nine rehearsals'); });
  await step('70 documentation on the component', async () => { await entity('default/component/playbill', 'playbill'); await nav('/catalog/default/component/playbill/docs'); await see(heading(/^Playbill handbook/)); });
  await step('71 search inside the documentation', async () => { await indexed('kaleidoscope', 'techdocs'); await nav('/docs/default/component/playbill'); await see(heading(/^Playbill handbook/)); await page.getByPlaceholder(/^Search/).filter({ visible: true }).last().fill('nine'); await see(role('option', { name: /rehearsal/i }).or(role('listitem').filter({ hasText: /Rehearsal calendar/ })).first()); });

  // ---- import and unregister ---------------------------------------------------------------------------------------------------
  base = await L.serve({
    [`/journey/${RUN}/catalog-info.yaml`]: `apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${IMPORTED}\n  description: Steps in when the lead has a cold\nspec:\n  type: service\n  lifecycle: experimental\n  owner: guests\n`,
    '/journey/broken.yaml': 'apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: "not valid!"\nspec: {}\n',
  });
  const analyze = async url => { await nav('/settings'); await nav('/catalog-import'); await see(heading(/^Register an existing component/)); await page.locator('input[name=url]').fill(url); await role('button', { name: /analyze/i }).click(); };
  await step('72 import: start page', async () => { await nav('/catalog-import'); await see(heading(/^Start tracking your component/), page.locator('input[name=url]'), role('button', { name: /analyze/i })); });
  await step('73 import: not an address', async () => { await analyze('nonsense'); await see(/must start with http/i); });
  await step('74 import: a file that is not there', async () => { await analyze(`${base}/journey/absent.yaml`); await see(/NotFoundError|not found|404|could not read/i); });
  await step('75 import: an invalid file', async () => { await analyze(`${base}/journey/broken.yaml`); await see(/not valid|InputError|policy|metadata\.name/i); });
  await step('76 import: analyze shows what will be added', async () => { await analyze(`${base}/journey/${RUN}/catalog-info.yaml`); await see(/following entities will be added/i, IMPORTED, role('button', { name: /^import$/i })); equal('not yet there', (await rest('GET', `/api/catalog/entities/by-name/component/default/${IMPORTED}`, { as: 'guest', raw: true })).status, 404); });
  await step('77 import: import', async () => { await role('button', { name: /^import$/i }).click(); await see(/following entities have been added/i, IMPORTED, role('button', { name: /view component/i }).or(role('link', { name: /view component/i })).first()); });
  await step('78 the imported component appears', async () => { await eventually('in the catalog', async () => (await rest('GET', `/api/catalog/entities/by-name/component/default/${IMPORTED}`, { as: 'guest', raw: true })).status === 200); await entity(`default/component/${IMPORTED}`, IMPORTED); await see('Steps in when the lead has a cold', link('guests')); await catalog(); await see(user('All 28')); });
  await step('79 it is unregistered, and gone', async () => {
    await entity(`default/component/${IMPORTED}`, IMPORTED); await menu(/unregister/i); const d = role('dialog').or(role('alertdialog')).first(); await see(d.getByText(IMPORTED).first(), d.getByText(`${base}/journey/${RUN}/catalog-info.yaml`).first());
    await d.getByRole('button', { name: /unregister location/i }).click(); await gone(d);
    await eventually('gone from the catalog', async () => (await rest('GET', `/api/catalog/entities/by-name/component/default/${IMPORTED}`, { as: 'guest', raw: true })).status === 404); await catalog(); await see(user('All 27'));
  });

  // ---- notifications, settings, home -------------------------------------------------------------------------------------------
  const views = async name => { await role('button', { name: /View$/ }).click(); await role('option', { name }).click(); };
  const note = () => page.locator('tbody tr', { hasText: TITLE });
  await step('80 notifications: none unread', async () => { await nav('/notifications'); await see(heading('Unread notifications (0)'), 'No records to display'); });
  await step('81 a notification arrives while the page is open', async () => {
    await nav('/notifications'); await see(heading(/^Unread notifications/));
    await rest('POST', '/api/notifications', { as: 'service', body: { recipients: { type: 'entity', entityRef: 'user:default/guest' }, payload: { title: TITLE, description: 'The house is full', link: '/catalog/default/component/ticketing', severity: 'high', topic: 'box-office' } } });
    await see(note(), heading('Unread notifications (1)')); await see(note().getByText('The house is full'), note().getByText(/box-office/));
    await eventually('pushed over the websocket', () => L.sockets.some(s => s.frames.some(f => f.startsWith('<') && f.includes('new_notification')))); await see(role('link', { name: /^Notifications/ }).getByText('1'));
  });
  await step('82 notification: saved, and read', async () => {
    await nav('/notifications'); await see(note()); await note().getByRole('button').nth(0).click(); await eventually('saved', async () => (await rest('GET', '/api/notifications/notifications?saved=true&limit=100', { as: 'guest' })).notifications.some(n => n.payload.title === TITLE));
    await note().getByRole('button').nth(1).click(); await gone(note()); await see(heading('Unread notifications (0)'));
  });
  await step('83 notification: found again under Saved', async () => { await nav('/settings'); await nav('/notifications'); await see(heading(/^Unread notifications/)); await views('Saved'); await see(note()); });
  await step('84 settings: who am I', async () => { await nav('/settings'); await see('user:default/guest', heading(/^User Entity:/), heading(/^Ownership Entities:/)); });
  await step('85 settings: dark and light', async () => { const mode = () => page.evaluate(() => document.body.getAttribute('data-theme-mode') || document.documentElement.getAttribute('data-theme-mode')); await nav('/settings'); await role('button', { name: 'Dark' }).click(); await eventually('dark', async () => (await mode()) === 'dark'); await role('button', { name: 'Light' }).click(); await eventually('light', async () => (await mode()) === 'light'); });
  await step('86 settings: the other tabs', async () => { await nav('/settings'); await tabs('Authentication Providers').click(); await see('No Authentication Providers'); await tabs('Feature Flags').click(); await see('No Feature Flags'); });
  await step('87 home: the starred component', async () => { await nav('/home'); await see('Your Starred Entities', role('link', { name: /^Ticketing/ }).or(page.getByText('Ticketing', { exact: true })).first()); });
  await step('88 visualizer', async () => { await nav('/visualizer'); await see(/page:api-docs/, /sign-in-page:app/); });
  await step('89 a star is taken off', async () => {
    await entity(TICKETING, 'Ticketing'); const star = role('button', { name: /favorites/ }).first(); await star.click();
    await eventually('stored by the backend', async () => JSON.stringify((await rest('POST', '/api/user-settings/multiget', { as: 'guest', body: { items: [{ bucket: 'default.starredEntities', key: 'entityRefs' }] } })).items[0]?.value) === '[]'); await catalog('?filters[kind]=component'); await see(user('Starred 0'));
  });
  await step('90 a reload keeps the person signed in', async () => { await load('/catalog/default/component/seatmap'); await see(heading('seatmap'), card('About').getByText('Draws the plan of the hall')); });
  await step('91 sign out', async () => { await nav('/settings'); await role('button', { name: 'more' }).click(); await role('menuitem', { name: /sign out/i }).click(); await see(role('button', { name: /^enter$/i })); });
  await step('92 no request went wrong', async () => {
    const bad = L.requests.filter(r => r.status >= 400 && !(r.status === 404 && /\/phantom|understudy/.test(r.url)) && !/^7[45]/.test(r.step)).map(r => `${r.step.slice(0, 2)} ${r.status} ${r.method} ${r.url}`);
    equal('requests with an unexpected error', bad, []);
  });
  await L.finish();
})().catch(async e => { console.error(e); process.exit(2); });
