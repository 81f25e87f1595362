// The smallest frontend there can be: the stock sign-in client behind three buttons. What it knows of the backend is in
// the page's address: ?backend=…&provider=…&redirect=true
import { OAuth2, OAuthRequestManager, UrlPatternDiscovery, ConfigReader } from "@backstage/core-app-api";

const query = new URLSearchParams(window.location.search);
const provider = query.get("provider");
const redirect = query.get("redirect") === "true";

function client() {
  const oauthRequestApi = new OAuthRequestManager();
  oauthRequestApi.authRequest$().subscribe((requests) => {
    for (const pending of requests) pending.trigger();
  });
  return OAuth2.create({
    configApi: new ConfigReader({ enableExperimentalRedirectFlow: redirect }),
    discoveryApi: UrlPatternDiscovery.compile(`${query.get("backend")}/api/{{ pluginId }}`),
    oauthRequestApi,
    provider: { id: provider, title: provider, icon: () => null },
    environment: "development",
    defaultScopes: [],
  });
}

const api = client();
const shown = document.getElementById("shown");

async function show(what) {
  shown.textContent = "…";
  try {
    shown.textContent = JSON.stringify({ value: (await what()) ?? null });
  } catch (error) {
    shown.textContent = JSON.stringify({ error: { name: error.name, message: error.message } });
  }
}

const identity = async (of, options) => {
  const found = await of.getBackstageIdentity(options);
  return found && { ...found.identity, profile: await of.getProfile({ optional: true }) };
};

const buttons = {
  "sign-in": () => show(() => identity(api, { instantPopup: true })),
  "look-again": () => show(() => identity(client(), { optional: true })),
  "ask-catalog": () =>
    show(async () => {
      const { token } = await api.getBackstageIdentity({ optional: true });
      const url = `${query.get("backend")}/api/catalog/entities/by-query?fields=metadata.name`;
      const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      return { status: answer.status, total: (await answer.json()).totalItems };
    }),
  "sign-out": () => show(() => api.signOut()),
};
for (const [id, action] of Object.entries(buttons)) document.getElementById(id).onclick = action;
