// Answers questions about entities, one JSON line each, with npm `@backstage/catalog-model`.
'use strict';
const readline = require('node:readline');
const model = require('@backstage/catalog-model');

const envelope = model.entityEnvelopeSchemaValidator();
const policies = model.EntityPolicies.allOf([
  new model.SchemaValidEntityPolicy(),
  new model.DefaultNamespaceEntityPolicy(),
  new model.NoForeignRootFieldsEntityPolicy(),
  new model.FieldFormatEntityPolicy(),
]);
const kinds = [
  model.apiEntityV1alpha1Validator,
  model.componentEntityV1alpha1Validator,
  model.resourceEntityV1alpha1Validator,
  model.groupEntityV1alpha1Validator,
  model.locationEntityV1alpha1Validator,
  model.userEntityV1alpha1Validator,
  model.systemEntityV1alpha1Validator,
  model.domainEntityV1alpha1Validator,
];
const answers = {
  envelope: entity => envelope(entity) && true,
  policies: async entity => await policies.enforce(entity),
  kind: async entity => {
    for (const kind of kinds) if (await kind.check(entity)) return true;
    return false;
  },
  ref: ([ref, context]) => model.stringifyEntityRef(model.parseEntityRef(ref, context)),
  location: ref => model.parseLocationRef(ref),
  url: text => new URL(text) && true,
  number: text => String(Number(text)),
  json: text => JSON.stringify(JSON.parse(text)),
};

async function answer({ ask, of }) {
  try {
    return { answer: await answers[ask](of) };
  } catch (error) {
    return { error: { name: error.name, message: error.message } };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
  }
})();
