// Runs templates through the reference engines: one JSON request a line in, one JSON answer a line out.
import { createInterface } from 'node:readline';
import { runInNewContext } from 'node:vm';
import nunjucks from 'nunjucks';
import { createTemplateRenderer } from 'nunjitsu';

const renderers = new Map();

function nunjitsu(request) {
  const options = { ...request.options, allowRegexExecution: true };
  const key = JSON.stringify(options);
  if (!renderers.has(key)) renderers.set(key, createTemplateRenderer(options));
  const renderer = renderers.get(key);
  return request.mode === 'value'
    ? renderer.renderValue(request.template, request.context)
    : renderer.render(request.template, request.context);
}

function legacy(request) {
  const { trimBlocks, lstripBlocks } = request.options;
  const environment = new nunjucks.Environment(null, {
    autoescape: false,
    trimBlocks,
    lstripBlocks,
    tags: { variableStart: '${{', variableEnd: '}}' },
  });
  return environment.renderString(request.template, structuredClone(request.context));
}

// A pattern as `replace` and `split` use it, so that the matcher is compared without a template around it.
function regularExpression({ pattern, flags, text, replacement }) {
  const groups = [...text.matchAll(new RegExp(pattern, flags.includes('g') ? flags : `${flags}g`))];
  return [
    text.replace(new RegExp(pattern, flags), replacement),
    text.split(new RegExp(pattern, flags)).map((part) => part ?? null),
    groups.map((match) => [match.index, ...Array.from(match, (group) => group ?? null)]),
  ];
}

const engines = { nunjucks: legacy, nunjitsu, regexp: regularExpression };

function encoded(value) {
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (Array.isArray(value)) return value.map(encoded);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encoded(item)]));
  }
  return value;
}

// Either engine can be kept busy for minutes, and Nunjucks knows no limits at all.
function bounded(run) {
  return runInNewContext('run()', { run }, { timeout: 2000 });
}

function answer(request) {
  try {
    const value = bounded(() => engines[request.engine](request));
    return value === undefined ? { undefined: true } : { value: encoded(value) };
  } catch (error) {
    if (error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { error: 'timeout', message: '' };
    const kind = error.name === 'TemplateLimitError' ? 'limit_error' : error.code ?? 'error';
    return { error: kind, message: String(error.message).slice(0, 300) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const requests = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(requests.map(answer))}\n`);
}
