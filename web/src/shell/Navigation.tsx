import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { useLocation, useMatch, useNavigate } from "react-router-dom";
import { projectPath } from "../api/names";
import { datasetOf, useMe, useProject, useVersions } from "../api/queries";
import { versionName } from "../api/names";

/** The pages at the left; those of the project that one is in are listed below it. */
export function Navigation({ onFollow }: { onFollow: () => void }) {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const me = useMe().data;
  const name = useMatch("/projects/:project/*")?.params.project ?? "";
  const items: SideNavigationProps.Item[] = [
    { type: "link", text: "Get started", href: "/" },
    { type: "link", text: "Example projects", href: "/examples" },
    { type: "link", text: "Projects", href: "/projects" },
  ];
  const inProject = useProjectItems(name);
  items.push(...inProject, { type: "divider" });
  if (me?.MayManageUsers) {
    items.push({ type: "link", text: "Users", href: "/users" }, { type: "link", text: "Audit log", href: "/audit" });
  }
  items.push({ type: "link", text: "My account and keys", href: "/account" });
  return (
    <SideNavigation
      header={{ text: "Custom Labels", href: "/" }}
      activeHref={pathname}
      items={items}
      onFollow={(event) => {
        if (event.detail.external) return;
        event.preventDefault();
        onFollow();
        void navigate(event.detail.href);
      }}
    />
  );
}

function useProjectItems(name: string): SideNavigationProps.Item[] {
  const project = useProject(name).data;
  const versions = useVersions(project).data ?? [];
  if (!name || !project) return [];
  const sets = [
    { type: "link" as const, text: "Training dataset", href: projectPath(name, "datasets", "train"), known: datasetOf(project, "TRAIN") },
    { type: "link" as const, text: "Test dataset", href: projectPath(name, "datasets", "test"), known: datasetOf(project, "TEST") },
  ];
  return [
    {
      type: "section-group",
      title: name,
      items: [
        { type: "link", text: "Project details", href: projectPath(name) },
        ...sets.filter((set) => set.known).map(({ type, text, href }) => ({ type, text, href })),
        ...(versions.length
          ? [
              {
                type: "section" as const,
                text: "Models",
                defaultExpanded: true,
                items: versions.slice(0, 10).map((version) => ({
                  type: "link" as const,
                  text: versionName(version.ProjectVersionArn),
                  href: projectPath(name, "models", versionName(version.ProjectVersionArn)),
                })),
              },
            ]
          : []),
      ],
    },
  ];
}
