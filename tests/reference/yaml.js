// Parses each text (base64, one JSON string a line) with npm `yaml` and prints its documents as one line of JSON.
'use strict';
const readline = require('node:readline');
const yaml = require('yaml');

const withoutProto = (key, value) => {
  if (value && typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, '__proto__')) {
    const copy = { ...value };
    delete copy['__proto__'];
    return copy;
  }
  return value;
};

function documentsOf(bytes) {
  let documents;
  try {
    documents = yaml.parseAllDocuments(bytes.toString('utf8'), { merge: false, logLevel: 'silent' });
  } catch (error) {
    return [{ error: String(error) }];
  }
  return [...documents].map(document => {
    if (document.errors.length) return { error: String(document.errors[0]) };
    try {
      return { value: JSON.parse(JSON.stringify(document.toJSON(), withoutProto) ?? 'null') };
    } catch (error) {
      return { error: String(error) };
    }
  });
}

const lines = readline.createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on('line', line => {
  process.stdout.write(JSON.stringify(documentsOf(Buffer.from(JSON.parse(line), 'base64'))) + '\n');
});
