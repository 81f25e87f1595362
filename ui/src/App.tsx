import { createApp } from '@backstage/frontend-defaults';
import apiDocs from '@backstage/plugin-api-docs/alpha';
import storedSettings from '@backstage/plugin-app-module-user-settings';
import visualizer from '@backstage/plugin-app-visualizer';
import auth from '@backstage/plugin-auth';
import catalogGraph from '@backstage/plugin-catalog-graph/alpha';
import catalogImport from '@backstage/plugin-catalog-import/alpha';
import catalogPlugin from '@backstage/plugin-catalog/alpha';
import home from '@backstage/plugin-home/alpha';
import notifications from '@backstage/plugin-notifications/alpha';
import org from '@backstage/plugin-org/alpha';
import scaffolder from '@backstage/plugin-scaffolder/alpha';
import search from '@backstage/plugin-search/alpha';
import signals from '@backstage/plugin-signals/alpha';
import techdocsAddons from '@backstage/plugin-techdocs-module-addons-contrib/alpha';
import techdocs from '@backstage/plugin-techdocs/alpha';
import userSettings from '@backstage/plugin-user-settings/alpha';
import { navigation } from './Navigation';
import { signIn } from './SignIn';

// The catalog is the front page.
const catalog = catalogPlugin.withOverrides({
  extensions: [catalogPlugin.getExtension('page:catalog').override({ params: { path: '/' } })],
});

// Named one by one, so that they are there whatever `app.packages` in the configuration says.
export default createApp({
  features: [
    apiDocs,
    auth,
    catalog,
    catalogGraph,
    catalogImport,
    home,
    navigation,
    notifications,
    org,
    scaffolder,
    search,
    signIn,
    signals,
    storedSettings,
    techdocs,
    techdocsAddons,
    userSettings,
    visualizer,
  ],
});
