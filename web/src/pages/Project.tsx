import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { fatal } from "../api/cache";
import { count, date } from "../api/format";
import { projectPath } from "../api/names";
import { datasetOf, useDataset, useProject } from "../api/queries";
import type { DatasetMetadata, Project } from "../api/types";
import { Copyable } from "../components/Copyable";
import { Failure } from "../components/Failure";
import { Loading } from "../components/Loading";
import { Missing } from "../components/Missing";
import { PageLink } from "../components/PageLink";
import { Status } from "../components/Status";
import { usePage } from "../shell/page";
import { DeleteProject } from "./DeleteProject";
import { Models } from "./Models";
import { Policies } from "./Policies";
import { ResourceTags } from "./ResourceTags";

export function Component() {
  const name = useParams().project ?? "";
  const navigate = useNavigate();
  const project = useProject(name);
  const [parameters, setParameters] = useSearchParams();
  const [deleting, setDeleting] = useState(false);
  usePage(["Projects", "/projects"], [name]);
  if (fatal(project)) return <Failure error={project.error} retry={() => void project.refetch()} />;
  if (project.isPending) return <Loading />;
  if (!project.data) return <Missing project={name} />;
  const found = project.data;
  const train = datasetOf(found, "TRAIN");
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={() => setDeleting(true)}>Delete</Button>
            <Button variant="primary" disabled={!train} onClick={() => void navigate(projectPath(name, "train"))}>
              Train model
            </Button>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      {found.Status === "DELETING" && <Alert type="info">The project is being deleted.</Alert>}
      <Datasets project={found} name={name} />
      <Tabs
        activeTabId={parameters.get("tab") ?? "models"}
        onChange={({ detail }) => setParameters({ tab: detail.activeTabId }, { replace: true })}
        tabs={[
          { id: "models", label: "Models", content: <Models project={found} name={name} /> },
          { id: "policies", label: "Sharing", content: <Policies arn={found.ProjectArn} /> },
          { id: "tags", label: "Tags", content: <ResourceTags arn={found.ProjectArn} /> },
          {
            id: "details",
            label: "Details",
            content: (
              <Container>
                <KeyValuePairs
                  minColumnWidth={200}
                  columns={2}
                  items={[
                    { label: "Project ARN", value: <Copyable text={found.ProjectArn} label="project ARN" /> },
                    { label: "Date created", value: date(found.CreationTimestamp) },
                  ]}
                />
              </Container>
            ),
          },
        ]}
      />
      {deleting && (
        <DeleteProject project={found} onClose={() => setDeleting(false)} onDone={() => void navigate("/projects")} />
      )}
    </SpaceBetween>
  );
}

function Datasets({ project, name }: { project: Project; name: string }) {
  const navigate = useNavigate();
  const train = datasetOf(project, "TRAIN");
  const test = datasetOf(project, "TEST");
  if (!train && !test) {
    return (
      <Container header={<Header variant="h2">Datasets</Header>}>
        <Box textAlign="center" padding="l">
          <SpaceBetween size="m">
            <Box variant="p">
              Next: bring in images. Ten of each label are a good beginning; you can always add more.
            </Box>
            <Button variant="primary" onClick={() => void navigate(projectPath(name, "create-dataset"))}>
              Create dataset
            </Button>
          </SpaceBetween>
        </Box>
      </Container>
    );
  }
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <ButtonDropdown
              items={[
                { id: "TRAIN", text: "Create training dataset", disabled: Boolean(train) },
                { id: "TEST", text: "Create test dataset", disabled: Boolean(test) },
              ]}
              onItemClick={({ detail }) => void navigate(`${projectPath(name, "create-dataset")}?type=${detail.id}`)}
            >
              Actions
            </ButtonDropdown>
          }
        >
          Datasets
        </Header>
      }
    >
      <ColumnLayout columns={2} variant="text-grid">
        {train ? <DatasetSummary name={name} dataset={train} /> : <Box>There is no training dataset.</Box>}
        {test ? (
          <DatasetSummary name={name} dataset={test} />
        ) : (
          <div>
            <Box variant="h3">Test dataset</Box>
            <Box variant="p">None: a fifth of the training images is held back as a test when you train.</Box>
          </div>
        )}
      </ColumnLayout>
    </Container>
  );
}

function DatasetSummary({ name, dataset }: { name: string; dataset: DatasetMetadata }) {
  const described = useDataset(dataset.DatasetArn).data;
  const title = dataset.DatasetType === "TRAIN" ? "Training dataset" : "Test dataset";
  const stats = described?.DatasetStats;
  return (
    <SpaceBetween size="xs">
      <Box variant="h3">
        <PageLink to={projectPath(name, "datasets", dataset.DatasetType.toLowerCase())}>{title}</PageLink>
      </Box>
      <Status status={described?.Status ?? dataset.Status} />
      {described?.Status.includes("FAILED") && <Alert type="error">{described.StatusMessage}</Alert>}
      {stats && (
        <Box>
          {count(stats.TotalEntries, "image")}, {stats.LabeledEntries.toLocaleString()} labelled,{" "}
          {count(stats.TotalLabels, "label")}
          {stats.ErrorEntries > 0 && `, ${stats.ErrorEntries.toLocaleString()} with errors`}
        </Box>
      )}
    </SpaceBetween>
  );
}
