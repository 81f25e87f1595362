import {
  Link,
  Sidebar,
  SidebarDivider,
  SidebarGroup,
  SidebarItem,
  SidebarScrollWrapper,
  SidebarSpace,
  sidebarConfig,
  useSidebarOpenState,
} from '@backstage/core-components';
import { configApiRef, createFrontendModule, useApi } from '@backstage/frontend-plugin-api';
import { NavContentBlueprint } from '@backstage/plugin-app-react';
import { NotificationsSidebarItem } from '@backstage/plugin-notifications';
import { SidebarSearchModal } from '@backstage/plugin-search';
import { UserSettingsSignInAvatar } from '@backstage/plugin-user-settings';
import MenuIcon from '@material-ui/icons/Menu';
import SearchIcon from '@material-ui/icons/Search';

// A board with three calls on it, one of them lit.
const Board = () => (
  <svg width="28" height="28" viewBox="0 0 32 32" role="img" aria-label="Home">
    <rect x="2" y="4" width="28" height="24" rx="3" fill="none" stroke="#f5b942" strokeWidth="2.5" />
    <path d="M8 11h16M8 16h16" stroke="#8b98a9" strokeWidth="2.5" strokeLinecap="round" />
    <path d="M8 21h9" stroke="#f5b942" strokeWidth="2.5" strokeLinecap="round" />
  </svg>
);

const Head = () => {
  const { isOpen } = useSidebarOpenState();
  const title = useApi(configApiRef).getOptionalString('app.title') ?? 'Callboard';
  return (
    <Link
      to="/"
      underline="none"
      style={{
        display: 'flex',
        alignItems: 'center',
        gap: 14,
        height: 3 * sidebarConfig.logoHeight,
        paddingLeft: 22,
        color: '#fff',
        fontWeight: 600,
        whiteSpace: 'nowrap',
        overflow: 'hidden',
      }}
    >
      <Board />
      {isOpen && <span>{title}</span>}
    </Link>
  );
};

const content = NavContentBlueprint.make({
  params: {
    component: ({ navItems }) => {
      const nav = navItems.withComponent(item => (
        <SidebarItem icon={() => item.icon} to={item.href} text={item.title} />
      ));
      // These two have a place of their own below.
      nav.take('page:search');
      nav.take('page:notifications');
      return (
        <Sidebar>
          <Head />
          <SidebarGroup label="Search" icon={<SearchIcon />} to="/search">
            <SidebarSearchModal />
          </SidebarGroup>
          <SidebarDivider />
          <SidebarGroup label="Menu" icon={<MenuIcon />}>
            {nav.take('page:home')}
            {nav.take('page:catalog')}
            {nav.take('page:scaffolder')}
            <SidebarDivider />
            <SidebarScrollWrapper>{nav.rest({ sortBy: 'title' })}</SidebarScrollWrapper>
          </SidebarGroup>
          <SidebarSpace />
          <SidebarDivider />
          <NotificationsSidebarItem />
          <SidebarDivider />
          <SidebarGroup label="Settings" icon={<UserSettingsSignInAvatar />} to="/settings">
            {nav.take('page:app-visualizer')}
            {nav.take('page:user-settings')}
          </SidebarGroup>
        </Sidebar>
      );
    },
  },
});

export const navigation = createFrontendModule({ pluginId: 'app', extensions: [content] });
