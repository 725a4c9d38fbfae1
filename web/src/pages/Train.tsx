import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router-dom";
import { fatal } from "../api/cache";
import { rekognition } from "../api/client";
import { count } from "../api/format";
import { projectPath } from "../api/names";
import { datasetOf, refresh, useDataset, useLabels, useMe, useProject } from "../api/queries";
import { Confirm } from "../components/Confirm";
import { Failure } from "../components/Failure";
import { Loading } from "../components/Loading";
import { Missing } from "../components/Missing";
import { PageLink } from "../components/PageLink";
import { tagMap, Tags, type Tag } from "../components/Tags";
import { usePage } from "../shell/page";

const EFFORTS = [
  { value: "fast", label: "Fast", description: "Seconds. To see whether labels and images make sense." },
  { value: "balanced", label: "Balanced", description: "About a minute for a few dozen images. The right choice for most." },
  { value: "best", label: "Best", description: "Takes several times as long and tries more ways." },
];

export function Component() {
  const name = useParams().project ?? "";
  const navigate = useNavigate();
  const client = useQueryClient();
  const project = useProject(name);
  const me = useMe().data;
  const train = datasetOf(project.data, "TRAIN");
  const test = datasetOf(project.data, "TEST");
  const training = useDataset(train?.DatasetArn).data?.DatasetStats;
  const testing = useDataset(test?.DatasetArn).data?.DatasetStats;
  const labels = useLabels(train?.DatasetArn, true).data ?? [];
  const rare = test ? [] : labels.filter((label) => label.Images === 1);
  const [version, setVersion] = useState(() => `${name}.${timestamp()}`);
  const [effort, setEffort] = useState("balanced");
  const [seed, setSeed] = useState("0");
  const [key, setKey] = useState("");
  const [description, setDescription] = useState("");
  const [tags, setTags] = useState<Tag[]>([]);
  const [asking, setAsking] = useState(false);
  usePage(["Projects", "/projects"], [name, projectPath(name)], ["Train model"]);
  if (fatal(project)) return <Failure error={project.error} retry={() => void project.refetch()} />;
  if (project.isPending) return <Loading />;
  if (!project.data) return <Missing project={name} />;
  const labelled = training?.LabeledEntries ?? 0;
  const held = Math.max(1, Math.round(labelled / 5));

  async function start() {
    await rekognition("CreateProjectVersion", {
      ProjectArn: project.data?.ProjectArn,
      VersionName: version.trim(),
      OutputConfig: { S3Bucket: me?.Bucket, S3KeyPrefix: `evaluation/${name}` },
      Tags: { ...tagMap(tags), "customlabels:effort": effort, "customlabels:seed": seed.trim() || "0" },
      ...(key.trim() ? { KmsKeyId: key.trim() } : {}),
      ...(description.trim() ? { VersionDescription: description.trim() } : {}),
    });
    await refresh(client, project.data?.ProjectArn);
    navigate(projectPath(name, "models", version.trim()));
  }

  return (
    <>
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setAsking(true);
      }}
    >
      <Form
        header={<Header variant="h1">Train model</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button formAction="none" variant="link" onClick={() => void navigate(projectPath(name))}>
              Cancel
            </Button>
            <Button variant="primary" formAction="submit" disabled={!train}>
              Train model
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {project.data && !train && (
            <Alert type="warning">
              The project has no training dataset.{" "}
              <PageLink to={projectPath(name, "create-dataset")}>Create one</PageLink> first.
            </Alert>
          )}
          {training && labelled === 0 && (
            <Alert type="warning">
              No image is labelled yet. <PageLink to={projectPath(name, "datasets", "train")}>Label some</PageLink> first.
            </Alert>
          )}
          {testing && testing.LabeledEntries === 0 && (
            <Alert type="warning">
              The test dataset has no labelled image. <PageLink to={projectPath(name, "datasets", "test")}>Label some, or delete it</PageLink>:
              without it a fifth of the training images is held back as a test.
            </Alert>
          )}
          {rare.length > 0 && (
            <Alert type="warning">
              {rare.length === 1 ? "This label has" : "These labels have"} one image only, which cannot be both learnt from and held back as a
              test: {rare.map((label) => label.Name).join(", ")}. <PageLink to={projectPath(name, "datasets", "train")}>Label more images</PageLink>{" "}
              first, or delete the label.
            </Alert>
          )}
          <Container header={<Header variant="h2">Training details</Header>}>
            <SpaceBetween size="l">
              <KeyValuePairs
                minColumnWidth={200}
                columns={2}
                items={[
                  { label: "Project", value: project.data?.ProjectArn ?? "–" },
                  {
                    label: "Training dataset",
                    value: training
                      ? `${count(training.TotalEntries, "image")}, ${labelled.toLocaleString()} labelled, ${count(training.TotalLabels, "label")}`
                      : "–",
                  },
                  {
                    label: "Test set",
                    value: test
                      ? `Your test dataset: ${count(testing?.TotalEntries ?? 0, "image")}`
                      : `Split training dataset: about ${count(held, "image")} (20 %) are held back as a test`,
                  },
                ]}
              />
              {!test && (
                <Box color="text-body-secondary">
                  To choose the test images yourself,{" "}
                  <PageLink to={`${projectPath(name, "create-dataset")}?type=TEST`}>create a test dataset</PageLink>.
                </Box>
              )}
              <FormField label="Model version name" constraintText="1 to 255 of a-z, A-Z, 0-9, _ . and -">
                <Input value={version} onChange={({ detail }) => setVersion(detail.value)} />
              </FormField>
              <FormField label="Effort">
                <RadioGroup
                  ariaLabel="Effort"
                  value={effort}
                  items={EFFORTS}
                  onChange={({ detail }) => setEffort(detail.value)}
                />
              </FormField>
            </SpaceBetween>
          </Container>
          <Container header={<Header variant="h2">Tags (optional)</Header>}>
            <Tags tags={tags} onChange={setTags} />
          </Container>
          <ExpandableSection variant="container" headerText="Advanced (optional)">
            <SpaceBetween size="l">
              <FormField label="Description">
                <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
              </FormField>
              <FormField label="Seed" description="Another number splits and trains otherwise; the same one does it all again.">
                <Input value={seed} inputMode="numeric" onChange={({ detail }) => setSeed(detail.value)} />
              </FormField>
              <FormField
                label="Encryption key"
                description="Written down with the model as AWS does. This server does not encrypt with it: encrypt the disk."
              >
                <Input value={key} onChange={({ detail }) => setKey(detail.value)} placeholder="arn:aws:kms:…" />
              </FormField>
            </SpaceBetween>
          </ExpandableSection>
        </SpaceBetween>
      </Form>
    </form>
      {asking && (
        <Confirm title="Do you want to train your model?" action="Train model" onConfirm={start} onClose={() => setAsking(false)}>
          <Box>
            {test
              ? "The model learns from the training dataset, and is tested on the test dataset."
              : `The project has no test dataset, so about ${count(held, "image")} of the training dataset (20 %) are held back as a test.`}{" "}
            It costs nothing but some minutes of your processor at most, and can be cancelled.
          </Box>
        </Confirm>
      )}
    </>
  );
}

function timestamp(): string {
  const at = new Date();
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replaceAll(":", ".");
}
