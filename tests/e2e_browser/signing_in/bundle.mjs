// Bundles app.js for a browser: node bundle.mjs <into>. NODE_PATH names the installed packages.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH}/`);
const { build } = require("esbuild");
await build({
  entryPoints: [new URL("app.js", import.meta.url).pathname],
  bundle: true,
  outfile: process.argv[2],
  nodePaths: [process.env.NODE_PATH],
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "error",
});
