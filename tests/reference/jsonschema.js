// Answers each line `[schema, value]` with the errors that npm `jsonschema` finds.
const { Validator } = require('jsonschema');
const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(line => line);
for (const line of lines) {
  const [schema, value] = JSON.parse(line);
  console.log(JSON.stringify(new Validator().validate(value, schema).errors));
}
