// Puts a compressed form beside each text of the bundle, so that a server only has to send it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = 'dist/static';
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
for (const name of readdirSync(folder).filter(file => /\.(js|css|svg|json)$/.test(file))) {
  const path = join(folder, name);
  const content = readFileSync(path);
  if (content.length < 1024) continue;
  writeFileSync(`${path}.br`, brotliCompressSync(content, quality));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
