import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { address } from "../../api/client";
import { date, duration } from "../../api/format";
import { isTrained, useEvaluation } from "../../api/queries";
import type { Manifests, Project, Version } from "../../api/types";
import { Copyable } from "../../components/Copyable";
import { CopyModel } from "./CopyModel";

/** What is known of a model besides its scores. */
export function Details({ version, project }: { version: Version; project: Project }) {
  const facts = useEvaluation(version).data?.Facts;
  const [copying, setCopying] = useState(false);
  const output = version.OutputConfig;
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            isTrained(version) && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => setCopying(true)}>Copy to another project</Button>
                <Button iconName="download" href={address("model", { ProjectVersionArn: version.ProjectVersionArn })} download>
                  Download the model
                </Button>
              </SpaceBetween>
            )
          }
        >
          Model details
        </Header>
      }
    >
      <KeyValuePairs
        minColumnWidth={200}
        columns={2}
        items={[
          { label: "Model ARN", value: <Copyable text={version.ProjectVersionArn} label="model ARN" /> },
          { label: "Project ARN", value: <Copyable text={project.ProjectArn} label="project ARN" /> },
          { label: "Date created", value: date(version.CreationTimestamp) },
          { label: "Date completed", value: date(version.TrainingEndTimestamp) },
          { label: "Trained in", value: duration(version.BillableTrainingTimeInSeconds) },
          { label: "Status message", value: version.StatusMessage },
          { label: "Output location", value: `s3://${output.S3Bucket}/${output.S3KeyPrefix ?? ""}` },
          { label: "Training data", value: source(version.TrainingDataResult?.Input) },
          { label: "Test data", value: version.TestingDataResult?.Input?.AutoCreate ? "Split from the training data" : source(version.TestingDataResult?.Input) },
          { label: "Encryption key", value: version.KmsKeyId ?? "None" },
          ...(version.SourceProjectVersionArn ? [{ label: "Copied from", value: version.SourceProjectVersionArn }] : []),
          ...(facts
            ? [
                { label: "Effort and seed", value: `${text(facts.effort)}, ${text(facts.seed)}` },
                { label: "Network", value: text(facts.backbone) },
              ]
            : []),
        ]}
      />
      {copying && <CopyModel version={version} onClose={() => setCopying(false)} />}
    </Container>
  );
}

function source(manifests: Manifests | undefined): string {
  const place = manifests?.Assets?.[0]?.GroundTruthManifest.S3Object;
  return place ? `s3://${place.Bucket}/${place.Name}` : "The project's dataset, as it was then";
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "–";
}
