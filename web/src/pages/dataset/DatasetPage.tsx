import "./gallery.css";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { address, rekognition } from "../../api/client";
import { count } from "../../api/format";
import { projectPath } from "../../api/names";
import { datasetOf, isBusy, refresh, useDataset, useLabels, useProject } from "../../api/queries";
import type { DatasetType, Project } from "../../api/types";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { Missing } from "../../components/Missing";
import { Status } from "../../components/Status";
import { useNotices } from "../../shell/notices";
import { usePage } from "../../shell/page";
import { Gallery } from "./Gallery";
import { LabelPanel } from "./LabelPanel";
import { Upload } from "./Upload";

const READY = /^(CREATE_COMPLETE|UPDATE_COMPLETE|UPDATE_FAILED)$/;

export function Component() {
  const { project: name = "", type: path = "train" } = useParams();
  const type: DatasetType = path === "test" ? "TEST" : "TRAIN";
  const navigate = useNavigate();
  const project = useProject(name);
  const title = type === "TRAIN" ? "Training dataset" : "Test dataset";
  usePage(["Projects", "/projects"], [name, projectPath(name)], [title]);
  if (fatal(project)) return <Failure error={project.error} retry={() => void project.refetch()} />;
  if (project.isPending) return <Loading />;
  if (!project.data) return <Missing project={name} />;
  const found = project.data;
  const dataset = datasetOf(found, type);
  return (
    <Tabs
      activeTabId={type}
      onChange={({ detail }) => void navigate(projectPath(name, "datasets", detail.activeTabId.toLowerCase()))}
      tabs={(["TRAIN", "TEST"] as const).map((id) => ({
        id,
        label: id === "TRAIN" ? "Training" : "Test",
        content:
          id !== type ? null : dataset ? (
            <DatasetView key={dataset.DatasetArn} project={found} name={name} type={type} arn={dataset.DatasetArn} title={title} />
          ) : (
            <NoDataset name={name} type={type} />
          ),
      }))}
    />
  );
}

interface ViewProps {
  project: Project;
  name: string;
  type: DatasetType;
  arn: string;
  title: string;
}

function DatasetView({ project, name, type, arn, title }: ViewProps) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const notices = useNotices();
  const described = useDataset(arn);
  const status = described.data?.Status ?? "";
  const ready = READY.test(status);
  const labels = useLabels(arn, ready);
  const [parameters, setParameters] = useSearchParams();
  const [dialog, setDialog] = useState<"delete" | "distribute" | null>(null);
  const adding = parameters.get("add") === "1";
  const test = datasetOf(project, "TEST");
  const stats = described.data?.DatasetStats;
  if (fatal(described)) return <Failure error={described.error} retry={() => void described.refetch()} />;

  const setAdding = (open: boolean) =>
    setParameters(
      (known) => {
        if (open) known.set("add", "1");
        else known.delete("add");
        return known;
      },
      { replace: true },
    );

  async function remove() {
    await rekognition("DeleteDataset", { DatasetArn: arn });
    notices.info("The dataset is being deleted. Its images stay in the bucket.");
    await refresh(client, arn);
    navigate(projectPath(name));
  }

  async function distribute() {
    const rare = labels.data?.filter((label) => label.Images === 1).map((label) => label.Name) ?? [];
    if (rare.length) throw new Error(`These labels have one image only, which cannot be in both datasets: ${rare.join(", ")}.`);
    const target = test?.DatasetArn ?? (await rekognition<{ DatasetArn: string }>("CreateDataset", { ProjectArn: project.ProjectArn, DatasetType: "TEST" })).DatasetArn;
    await rekognition("DistributeDatasetEntries", { Datasets: [{ Arn: arn }, { Arn: target }] });
    await client.invalidateQueries();
  }

  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={
          stats &&
          `${count(stats.TotalEntries, "image")}: ${stats.LabeledEntries.toLocaleString()} labelled, ${(stats.TotalEntries - stats.LabeledEntries).toLocaleString()} unlabelled` +
            (stats.ErrorEntries ? `, ${stats.ErrorEntries.toLocaleString()} with errors` : "")
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              items={[
                { id: "add", text: "Add images", disabled: !ready },
                {
                  id: "distribute",
                  text: "Move a fifth to the test dataset",
                  disabled: type !== "TRAIN" || !ready,
                  secondaryText: "Keeps labels balanced; the test dataset has to be empty",
                },
                {
                  id: "manifest",
                  text: "Download the manifest",
                  secondaryText: "Labels and boxes as they are now, as SageMaker Ground Truth writes them",
                  disabled: !ready,
                  href: address("manifest", { DatasetArn: arn }),
                },
                { id: "delete", text: `Delete ${title.toLowerCase()}`, disabled: isBusy(status) },
              ]}
              onItemClick={(event) => {
                const { detail } = event;
                event.preventDefault();
                if (detail.href) window.location.assign(detail.href);
                else if (detail.id === "add") setAdding(true);
                else setDialog(detail.id as "delete" | "distribute");
              }}
            >
              Actions
            </ButtonDropdown>
            <Button iconName="upload" disabled={!ready} onClick={() => setAdding(true)}>
              Add images
            </Button>
            <Button variant="primary" disabled={!ready} onClick={() => void navigate(projectPath(name, "train"))}>
              Train model
            </Button>
          </SpaceBetween>
        }
      >
        {title}
      </Header>
      {status && !ready && !status.includes("FAILED") && (
        <Alert type="info" header={<Status status={status} />}>
          <ProgressBar value={share(described.data?.StatusMessage ?? "")} description={described.data?.StatusMessage} />
        </Alert>
      )}
      {status.includes("FAILED") && <Alert type="error">{described.data?.StatusMessage}</Alert>}
      {ready && !labels.data && (fatal(labels) ? <Failure error={labels.error} retry={() => void labels.refetch()} /> : <Loading />)}
      {ready && labels.data && (
        <div className="gallery-layout">
          <LabelPanel arn={arn} labels={labels.data} stats={stats} />
          <Gallery arn={arn} name={name} type={type} labels={labels.data} total={stats?.TotalEntries ?? 0} onAdd={() => setAdding(true)} />
        </div>
      )}
      {adding && <Upload arn={arn} onClose={() => setAdding(false)} />}
      {dialog === "delete" && (
        <Confirm title={`Delete the ${title.toLowerCase()}?`} typed="delete" action="Delete" onConfirm={remove} onClose={() => setDialog(null)}>
          <Box>All its labels and boxes are deleted for good. The images stay in their bucket.</Box>
        </Confirm>
      )}
      {dialog === "distribute" && (
        <Confirm title="Move a fifth to the test dataset?" action="Move" onConfirm={distribute} onClose={() => setDialog(null)}>
          <Box>
            About {count(Math.round((stats?.LabeledEntries ?? 0) / 5), "labelled image")} move to the test dataset, of every label some.
            Models are then tested on these images only.
          </Box>
        </Confirm>
      )}
    </SpaceBetween>
  );
}

function NoDataset({ name, type }: { name: string; type: DatasetType }) {
  const navigate = useNavigate();
  return (
    <Box textAlign="center" padding="xxl">
      <SpaceBetween size="m">
        <Box variant="h2">There is no {type === "TRAIN" ? "training" : "test"} dataset</Box>
        {type === "TEST" && (
          <Box variant="p">Without one, a fifth of the training images is held back as a test when you train.</Box>
        )}
        <Button variant="primary" onClick={() => void navigate(`${projectPath(name, "create-dataset")}?type=${type}`)}>
          Create {type === "TRAIN" ? "training" : "test"} dataset
        </Button>
      </SpaceBetween>
    </Box>
  );
}

/** Percent done, from words such as "120 of 400 images"; undefined shows a bar without an end. */
function share(message: string): number {
  const found = /([\d,]+) of ([\d,]+)/.exec(message);
  if (!found) return 0;
  const [done, all] = found.slice(1).map((text) => Number(text.replaceAll(",", "")));
  return all ? Math.round((100 * (done ?? 0)) / all) : 0;
}
