import { OAuth2 } from '@backstage/core-app-api';
import { ErrorPanel, ProxiedSignInPage, SignInPage, type SignInProviderConfig } from '@backstage/core-components';
import type { BackstageIdentityApi, ProfileInfoApi, SessionApi } from '@backstage/core-plugin-api';
import {
  ApiBlueprint,
  bitbucketAuthApiRef,
  configApiRef,
  createApiRef,
  createFrontendModule,
  discoveryApiRef,
  githubAuthApiRef,
  gitlabAuthApiRef,
  googleAuthApiRef,
  microsoftAuthApiRef,
  oauthRequestApiRef,
  oktaAuthApiRef,
  oneloginAuthApiRef,
  useApi,
} from '@backstage/frontend-plugin-api';
import { SignInPageBlueprint } from '@backstage/plugin-app-react';
import LockIcon from '@material-ui/icons/LockOpen';
import type { ComponentProps } from 'react';
import { z } from 'zod';

type Session = ProfileInfoApi & BackstageIdentityApi & SessionApi;

// What the backend signs in with that stock frontends have no client for.
const own = { oidc: 'OpenID Connect', auth0: 'Auth0', oauth2: 'OAuth 2' };

const clientOf = (id: string, title: string) => {
  const api = createApiRef<Session>().with({ id: `app.auth.${id}`, pluginId: 'app' });
  const extension = ApiBlueprint.make({
    name: `${id}-auth`,
    params: defineParams =>
      defineParams({
        api,
        deps: { configApi: configApiRef, discoveryApi: discoveryApiRef, oauthRequestApi: oauthRequestApiRef },
        factory: ({ configApi, discoveryApi, oauthRequestApi }) =>
          OAuth2.create({
            configApi,
            discoveryApi,
            oauthRequestApi,
            provider: { id, title, icon: LockIcon },
            environment: configApi.getOptionalString('auth.environment'),
          }),
      }),
  });
  return { id, title, apiRef: api as SignInProviderConfig['apiRef'], extension };
};

const clients = Object.entries(own).map(([id, title]) => clientOf(id, title));

// By the names of `auth.providers`.
const known: Record<string, Pick<SignInProviderConfig, 'title' | 'apiRef'>> = {
  bitbucket: { title: 'Bitbucket', apiRef: bitbucketAuthApiRef },
  github: { title: 'GitHub', apiRef: githubAuthApiRef },
  gitlab: { title: 'GitLab', apiRef: gitlabAuthApiRef },
  google: { title: 'Google', apiRef: googleAuthApiRef },
  microsoft: { title: 'Microsoft', apiRef: microsoftAuthApiRef },
  okta: { title: 'Okta', apiRef: oktaAuthApiRef },
  onelogin: { title: 'OneLogin', apiRef: oneloginAuthApiRef },
  ...Object.fromEntries(clients.map(client => [client.id, client])),
};

// A proxy in front of the backend has signed people in already: there is nothing to choose.
const proxied = ['awsalb', 'azureEasyAuth', 'cfaccess', 'gcpIap', 'oauth2Proxy'];

const provider = z.object({ id: z.string(), title: z.string().optional(), message: z.string().optional() });

type Wanted = z.infer<typeof provider>;
type Options = { title?: string; auto?: boolean; providers?: (string | Wanted)[] };

const offer = ({ id, title = known[id].title, message = `Sign in using ${title}` }: Wanted) => ({
  id,
  title,
  message,
  apiRef: known[id].apiRef,
});

export const SignIn = ({
  title,
  auto = false,
  providers,
  ...page
}: Options & Pick<ComponentProps<typeof ProxiedSignInPage>, 'onSignInSuccess'>) => {
  const configured = useApi(configApiRef).getOptional<object>('auth.providers');
  const wanted = (providers ?? Object.keys(configured ?? { guest: {} })).map(each =>
    typeof each === 'string' ? { id: each } : each,
  );
  const [first] = wanted;
  if (first && proxied.includes(first.id)) {
    return <ProxiedSignInPage {...page} provider={first.id} />;
  }
  const usable = wanted.filter(({ id }) => !proxied.includes(id));
  const unknown = usable.filter(({ id }) => id !== 'guest' && !(id in known));
  if (unknown.length > 0 || usable.length === 0) {
    const names = unknown.map(({ id }) => `'${id}'`).join(', ');
    return <ErrorPanel error={new Error(names ? `This portal cannot sign in with ${names}` : 'No sign-in is configured')} />;
  }
  if (usable.length === 1 && usable[0].id !== 'guest') {
    return <SignInPage {...page} auto={auto} provider={offer(usable[0])} />;
  }
  const choices = usable.map(each => (each.id === 'guest' ? 'guest' : offer(each)));
  const heading = title ?? (choices.length > 1 ? 'Select a sign-in method' : undefined);
  return <SignInPage {...page} title={heading} align="center" providers={choices} />;
};

// `app.extensions: [{ sign-in-page:app: { config: … } }]`; without it, what stands under `auth.providers`, in that order.
const signInPage = SignInPageBlueprint.makeWithOverrides({
  configSchema: {
    title: z.string().optional(),
    auto: z.boolean().optional(),
    providers: z.array(z.union([z.string(), provider])).min(1).optional(),
  },
  factory: (make, { config }) => make({ loader: async () => page => <SignIn {...config} {...page} /> }),
});

export const signIn = createFrontendModule({
  pluginId: 'app',
  extensions: [signInPage, ...clients.map(client => client.extension)],
});
