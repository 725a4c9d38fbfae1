import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup, { type BreadcrumbGroupProps } from "@cloudscape-design/components/breadcrumb-group";
import Flashbar from "@cloudscape-design/components/flashbar";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { Suspense, useMemo, useState, type ReactNode } from "react";
import { Navigate, Outlet, useLocation, useNavigate, useNavigation } from "react-router-dom";
import { isSignedOut } from "../api/cache";
import { useReached } from "../api/connection";
import { useMe } from "../api/queries";
import { Failure } from "../components/Failure";
import { Loading } from "../components/Loading";
import { HelpContext } from "./help";
import { Navigation } from "./Navigation";
import { NoticesProvider, useNotices } from "./notices";
import { CrumbsContext } from "./page";
import { TopBar } from "./TopBar";

/** What is around every page; leads to the sign-in page where nobody is signed in. */
export function Shell() {
  const me = useMe();
  const location = useLocation();
  // Who draws boxes when the session ends keeps them, and may sign in elsewhere and save.
  const held = me.data && isDrawing(location.pathname);
  if (isSignedOut(me.error) && !held) {
    const from = location.pathname + location.search;
    return <Navigate to="/sign-in" replace state={{ from, over: me.data !== undefined }} />;
  }
  if (me.error && !me.data) return <Failure error={me.error} retry={() => void me.refetch()} />;
  if (!me.data) return <Loading />;
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <NoticesProvider>
        <Frame />
      </NoticesProvider>
    </I18nProvider>
  );
}

function Frame() {
  const navigate = useNavigate();
  const { state } = useNavigation();
  const notices = useNotices();
  const { pathname } = useLocation();
  const [crumbs, setCrumbs] = useState<BreadcrumbGroupProps.Item[]>([]);
  const [navigationOpen, setNavigationOpen] = useState(window.innerWidth > 900);
  // An explanation belongs to the page on which it was asked for.
  const [help, setHelp] = useState<{ content: ReactNode; path: string; open: boolean } | null>(null);
  const helpHere = help?.path === pathname ? help : null;
  const helpContext = useMemo(
    () => ({ show: (content: ReactNode) => setHelp({ content, path: pathname, open: true }) }),
    [pathname],
  );
  const crumbsContext = useMemo(() => ({ setCrumbs }), []);
  const reached = useReached();
  const lost = { type: "warning", content: "The server does not answer. This page goes on when it does." } as const;
  if (isDrawing(pathname)) return <Outlet />;
  return (
    <HelpContext.Provider value={helpContext}>
      <CrumbsContext.Provider value={crumbsContext}>
        <TopBar />
        <AppLayout
          headerSelector="#top"
          navigation={<Navigation onFollow={() => window.innerWidth <= 900 && setNavigationOpen(false)} />}
          navigationOpen={navigationOpen}
          onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
          toolsHide={helpHere === null}
          tools={helpHere?.content}
          toolsOpen={helpHere?.open ?? false}
          onToolsChange={({ detail }) => setHelp((known) => known && { ...known, open: detail.open })}
          notifications={<Flashbar items={reached ? notices.items : [lost, ...notices.items]} stackItems />}
          stickyNotifications
          breadcrumbs={
            <BreadcrumbGroup
              items={crumbs}
              onFollow={(event) => {
                event.preventDefault();
                if (event.detail.href !== "#") void navigate(event.detail.href);
              }}
            />
          }
          content={
            <div aria-busy={state === "loading"}>
              <Suspense fallback={<Loading />}>
                <Outlet />
              </Suspense>
            </div>
          }
        />
      </CrumbsContext.Provider>
    </HelpContext.Provider>
  );
}

function isDrawing(pathname: string): boolean {
  return pathname.endsWith("/draw");
}
