import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useMemo, useState } from "react";
import { useNavigate, useSearchParams } from "react-router-dom";
import { fatal } from "../api/cache";
import { count, date, score } from "../api/format";
import { projectName, projectPath, versionName } from "../api/names";
import { useAllVersions, useProjects } from "../api/queries";
import type { Project, Version } from "../api/types";
import { Failure } from "../components/Failure";
import { PageLink } from "../components/PageLink";
import { Status } from "../components/Status";
import { usePage } from "../shell/page";
import { CreateProject } from "./CreateProject";
import { DeleteProject } from "./DeleteProject";

interface Row {
  id: string;
  name: string;
  project: Project;
  version?: Version;
  versions: number;
  created: number;
  f1: number;
}

export function Component() {
  const navigate = useNavigate();
  const projects = useProjects();
  const versions = useAllVersions(projects.data);
  const [parameters, setParameters] = useSearchParams();
  const [deleting, setDeleting] = useState<Project | null>(null);
  usePage(["Projects"]);
  const rows = useMemo(() => rowsOf(projects.data ?? [], versions.data ?? {}), [projects.data, versions.data]);
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(rows, {
    filtering: {
      fields: ["name"],
      empty: (
        <Box textAlign="center">
          <SpaceBetween size="m" alignItems="center">
            <b>No projects yet</b>
            <span>Create one for your own images, or begin with an example.</span>
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => void navigate("/examples")}>Try example projects</Button>
              <Button variant="primary" onClick={() => setParameters({ create: "1" })}>
                Create project
              </Button>
            </SpaceBetween>
          </SpaceBetween>
        </Box>
      ),
      noMatch: <Box textAlign="center">No project has that in its name.</Box>,
    },
    pagination: { pageSize: 20 },
    sorting: { defaultState: { sortingColumn: { sortingField: "created" }, isDescending: true } },
    selection: { trackBy: "id" },
  });
  const selected = collectionProps.selectedItems?.[0];
  if (fatal(projects)) return <Failure error={projects.error} retry={() => void projects.refetch()} />;
  return (
    <>
      <Table
        {...collectionProps}
        items={items}
        loading={projects.isPending}
        loadingText="Loading the projects"
        selectionType="single"
        wrapLines
        variant="full-page"
        stickyHeader
        ariaLabels={{
          selectionGroupLabel: "Projects",
          itemSelectionLabel: (_, row) => `Select ${row.name}`,
          tableLabel: "Projects",
        }}
        header={
          <Header
            variant="h1"
            counter={projects.data ? `(${projects.data.length})` : undefined}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!selected} onClick={() => setDeleting(selected?.project ?? null)}>
                  Delete
                </Button>
                <Button disabled={!selected} onClick={() => void navigate(projectPath(selected?.name ?? "", "train"))}>
                  Train new model
                </Button>
                <Button variant="primary" onClick={() => setParameters({ create: "1" })}>
                  Create project
                </Button>
              </SpaceBetween>
            }
          >
            Projects
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find projects"
            filteringAriaLabel="Find projects"
            countText={count(filteredItemsCount ?? 0, "match", "matches")}
          />
        }
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          {
            id: "name",
            header: "Project",
            minWidth: 140,
            sortingField: "name",
            isRowHeader: true,
            cell: (row) => <PageLink to={projectPath(row.name)}>{row.name}</PageLink>,
          },
          {
            id: "model",
            header: "Latest model",
            cell: (row) =>
              row.version ? (
                <PageLink to={projectPath(row.name, "models", versionName(row.version.ProjectVersionArn))}>
                  {versionName(row.version.ProjectVersionArn)}
                </PageLink>
              ) : (
                "–"
              ),
          },
          { id: "f1", header: "Model performance", sortingField: "f1", cell: (row) => score(row.version?.EvaluationResult?.F1Score) },
          {
            id: "status",
            header: "Status",
            minWidth: 190,
            cell: (row) => <Status status={row.project.Status === "CREATED" ? (row.version?.Status ?? "CREATED") : row.project.Status} />,
          },
          { id: "message", header: "Status message", cell: (row) => row.version?.StatusMessage ?? "–" },
          { id: "models", header: "Models", sortingField: "versions", cell: (row) => row.versions },
          { id: "created", header: "Date created", minWidth: 150, sortingField: "created", cell: (row) => date(row.created) },
        ]}
      />
      {parameters.has("create") && <CreateProject onClose={() => setParameters({})} />}
      {deleting && <DeleteProject project={deleting} onClose={() => setDeleting(null)} />}
    </>
  );
}

function rowsOf(projects: Project[], versions: Record<string, Version[]>): Row[] {
  return projects.map((project) => {
    const own = versions[project.ProjectArn] ?? [];
    return {
      id: project.ProjectArn,
      name: projectName(project.ProjectArn),
      project,
      version: own[0],
      versions: own.length,
      created: project.CreationTimestamp,
      f1: own[0]?.EvaluationResult?.F1Score ?? -1,
    };
  });
}
