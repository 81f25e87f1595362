// Identity providers on loopback, until standard input ends. The only argument is the backend's base URL.
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_PATH}/`);
const load = async (name, file) => import(pathToFileURL(file ?? require.resolve(name)));
const { default: Provider } = await load("oidc-provider");
const { createEmulator } = await load("emulate", `${process.env.NODE_PATH}/emulate/dist/api.js`);

const backend = process.argv[2];
const callback = (provider) => `${backend}/api/auth/${provider}/handler/frame`;
const client = (provider) => ({
  client_id: "callboard",
  client_secret: "secret-of-callboard",
  redirect_uris: [callback(provider)],
});

const listening = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

// ------------------------------------------------------------------------------------- OpenID Connect
const people = {
  zoe: { name: "Zoë Lamplighter", email: "zoe@theatre.example", email_verified: true },
  plus: { name: "Zoë again", email: "zoe+stage@theatre.example", email_verified: true },
  mallory: { name: "Mallory", email: "zoe@theatre.example", email_verified: false },
  twin: { name: "A twin", email: "twin@theatre.example", email_verified: true },
  stranger: { name: "A stranger", email: "stranger@theatre.example", email_verified: true },
};

const openid = createServer();
const openidUrl = `http://localhost:${await listening(openid)}`;
const provider = new Provider(openidUrl, {
  clients: [
    { ...client("oidc"), grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
  scopes: ["openid", "offline_access", "profile", "email", "stage"],
  features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
  pkce: { required: () => false },
  rotateRefreshToken: true,
  issueRefreshToken: async (_, client, code) =>
    client.grantTypeAllowed("refresh_token") && (code.scopes.has("offline_access") || true),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  cookies: { keys: ["keys of a test"] },
  ttl: { Session: 3600, Grant: 3600, Interaction: 3600, AccessToken: 600, IdToken: 600, RefreshToken: 3600 },
  renderError: (context, out) => {
    context.type = "json";
    context.body = out;
  },
});
openid.on("request", provider.callback());

// ------------------------------------------------------------------- GitHub: the web, and its API below /api/v3
const github = await createEmulator({
  service: "github",
  port: 0,
  seed: {
    github: {
      users: [
        { login: "zoe", name: "Zoë Lamplighter", email: "zoe@theatre.example" },
        { login: "stranger", name: "A stranger" },
      ],
      oauth_apps: [{ ...client("github"), name: "Callboard" }],
    },
  },
});
const enterprise = createServer((incoming, outgoing) => {
  const path = incoming.url.replace(/^\/api\/v3/, "");
  const onward = request(new URL(path, github.url), { method: incoming.method, headers: incoming.headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(onward);
});
const enterpriseUrl = `http://localhost:${await listening(enterprise)}`;

// ------------------------------------------------------------------------------- Google, Microsoft, Okta
const emulated = async (service) => {
  const user = { email: "zoe@theatre.example", name: "Zoë Lamplighter", login: "zoe@theatre.example" };
  const seed = { users: [user], oauth_clients: [{ ...client(service), name: "Callboard" }] };
  return createEmulator({ service, port: 0, seed: { [service]: seed } });
};
const google = await emulated("google");
const microsoft = await emulated("microsoft");
const okta = await emulated("okta");

console.log(
  JSON.stringify({
    openid: openidUrl,
    github: enterpriseUrl,
    google: google.url,
    microsoft: microsoft.url,
    okta: okta.url,
  }),
);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
