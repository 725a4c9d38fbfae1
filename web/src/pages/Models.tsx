import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { rekognition } from "../api/client";
import { count, date, score } from "../api/format";
import { projectPath, versionName } from "../api/names";
import { isBusy, isTrained, refresh, useVersions } from "../api/queries";
import type { Project, Version } from "../api/types";
import { Confirm } from "../components/Confirm";
import { PageLink } from "../components/PageLink";
import { Status } from "../components/Status";
import { ValidationFiles } from "./model/ValidationFiles";

/** The models of a project: looked at, compared, deleted. */
export function Models({ project, name }: { project: Project; name: string }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const versions = useVersions(project);
  const [deleting, setDeleting] = useState(false);
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount, actions } = useCollection(
    versions.data ?? [],
    {
      filtering: {
        filteringFunction: (version, text) =>
          versionName(version.ProjectVersionArn).toLowerCase().includes(text.toLowerCase()),
        empty: (
          <Box textAlign="center">No model has been trained yet. Bring in and label images, then press Train model.</Box>
        ),
        noMatch: <Box textAlign="center">No model has that in its name.</Box>,
      },
      pagination: { pageSize: 20 },
      sorting: {},
      selection: { trackBy: "ProjectVersionArn" },
    },
  );
  const selected = [...(collectionProps.selectedItems ?? [])];
  const comparable = selected.length === 2 && selected.every(isTrained);

  async function remove() {
    for (const version of selected) {
      await rekognition("DeleteProjectVersion", { ProjectVersionArn: version.ProjectVersionArn });
    }
    actions.setSelectedItems([]);
    await refresh(client, project.ProjectArn);
  }

  function compare() {
    const [first, second] = selected
      .sort((a, b) => a.CreationTimestamp - b.CreationTimestamp)
      .map((version) => versionName(version.ProjectVersionArn));
    void navigate(`${projectPath(name, "compare")}?${new URLSearchParams({ first: first ?? "", second: second ?? "" })}`);
  }

  return (
    <>
      <Table
        {...collectionProps}
        items={items}
        loading={versions.isPending}
        loadingText="Loading the models"
        selectionType="multi"
        wrapLines
        isItemDisabled={blocked}
        ariaLabels={{
          selectionGroupLabel: "Models",
          allItemsSelectionLabel: () => "Select all models",
          itemSelectionLabel: (_, version) => `Select ${versionName(version.ProjectVersionArn)}`,
          tableLabel: "Models",
        }}
        header={
          <Header
            variant="h2"
            counter={versions.data ? `(${versions.data.length})` : undefined}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!comparable} onClick={compare}>
                  Compare
                </Button>
                <Button disabled={!selected.length || selected.some(blocked)} onClick={() => setDeleting(true)}>
                  Delete model
                </Button>
              </SpaceBetween>
            }
            description="Select two to compare them on the same test images."
          >
            Models
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find models"
            filteringAriaLabel="Find models"
            countText={count(filteredItemsCount ?? 0, "match", "matches")}
          />
        }
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          {
            id: "name",
            header: "Name",
            minWidth: 160,
            isRowHeader: true,
            sortingComparator: (a, b) => a.ProjectVersionArn.localeCompare(b.ProjectVersionArn),
            cell: (version) => (
              <PageLink to={projectPath(name, "models", versionName(version.ProjectVersionArn))}>
                {versionName(version.ProjectVersionArn)}
              </PageLink>
            ),
          },
          { id: "created", header: "Date created", sortingField: "CreationTimestamp", cell: (version) => date(version.CreationTimestamp) },
          {
            id: "f1",
            header: "Model performance",
            sortingComparator: (a, b) => f1(a) - f1(b),
            cell: (version) => score(version.EvaluationResult?.F1Score),
          },
          { id: "status", header: "Status", minWidth: 190, cell: (version) => <Status status={version.Status} /> },
          { id: "message", header: "Status message", cell: (version) => version.StatusMessage },
          { id: "files", header: "Validation results", cell: (version) => <ValidationFiles version={version} /> },
        ]}
      />
      {deleting && (
        <Confirm
          title={`Delete ${count(selected.length, "model")}?`}
          typed="delete"
          action="Delete"
          onConfirm={remove}
          onClose={() => setDeleting(false)}
        >
          <Box>
            {selected.map((version) => versionName(version.ProjectVersionArn)).join(", ")} will be deleted for good. Results in
            the output bucket stay.
          </Box>
        </Confirm>
      )}
    </>
  );
}

function blocked(version: Version): boolean {
  return isBusy(version.Status) || version.Status === "RUNNING";
}

function f1(version: Version): number {
  return version.EvaluationResult?.F1Score ?? -1;
}
