import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FileInput from "@cloudscape-design/components/file-input";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get, post, rekognition, upload } from "../../api/client";
import { projectName, s3Place } from "../../api/names";
import { useProjects } from "../../api/queries";
import type { DatasetType } from "../../api/types";

type Kind = "upload" | "folder" | "manifest" | "copy" | "archive";

export interface Source {
  kind: Kind;
  uri: string;
  labelsFromFolders: boolean;
  copied: string;
  file: File | null;
}

export const EMPTY: Source = { kind: "upload", uri: "", labelsFromFolders: true, copied: "", file: null };

const KINDS: { value: Kind; label: string; description: string }[] = [
  { value: "upload", label: "Upload images from your computer", description: "You drop them on the dataset's page: as many as you like." },
  { value: "folder", label: "Import images from a bucket", description: "All images of a folder; folder names can become labels." },
  { value: "manifest", label: "Import images labeled by SageMaker Ground Truth", description: "A manifest file with labels and boxes." },
  { value: "archive", label: "Import a ZIP of a labelled dataset", description: "COCO, Pascal VOC, YOLO, CSV, Ground Truth, or folders named for labels." },
  { value: "copy", label: "Copy an existing Custom Labels dataset", description: "From any project of yours." },
];

interface Props {
  type: DatasetType;
  titled: boolean;
  source: Source;
  onChange: (source: Source) => void;
}

/** Asks where the images of a dataset come from. */
export function SourceForm({ type, titled, source, onChange }: Props) {
  const title = !titled ? "Image source" : type === "TRAIN" ? "Training dataset" : "Test dataset";
  const set = (part: Partial<Source>) => onChange({ ...source, ...part });
  return (
    <Container header={<Header variant="h2">{title}</Header>}>
      <SpaceBetween size="l">
        <RadioGroup
          ariaLabel={`Image source of the ${type === "TRAIN" ? "training" : "test"} dataset`}
          value={source.kind}
          onChange={({ detail }) => set({ kind: detail.value as Kind })}
          items={KINDS}
        />
        {source.kind === "folder" && <Folder source={source} set={set} />}
        {source.kind === "manifest" && (
          <FormField label=".manifest file location" constraintText="s3://bucket/folder/file.manifest">
            <Input value={source.uri} placeholder="s3://" onChange={({ detail }) => set({ uri: detail.value })} />
          </FormField>
        )}
        {source.kind === "archive" && (
          <FormField label="ZIP file" constraintText="Up to 4 GB. Where it has folders train and test, they are kept apart.">
            <FileInput
              value={source.file ? [source.file] : []}
              accept=".zip,application/zip"
              onChange={({ detail }) => set({ file: detail.value[0] ?? null })}
            >
              Choose file
            </FileInput>
            {source.file && <Box>{source.file.name}</Box>}
          </FormField>
        )}
        {source.kind === "copy" && <Copy source={source} set={set} />}
      </SpaceBetween>
    </Container>
  );
}

/** Makes the dataset. Throws what the server refuses. */
export async function createFrom(
  project: string,
  type: DatasetType,
  source: Source,
  parted: boolean,
  tell: (words: string) => void,
): Promise<void> {
  const base = { ProjectArn: project, DatasetType: type };
  switch (source.kind) {
    case "upload":
      await rekognition("CreateDataset", base);
      return;
    case "copy":
      if (!source.copied) throw new Error("Choose the dataset to copy.");
      await rekognition("CreateDataset", { ...base, DatasetSource: { DatasetArn: source.copied } });
      return;
    case "manifest": {
      const place = required(source.uri, "the manifest, like s3://bucket/file.manifest");
      await rekognition("CreateDataset", { ...base, DatasetSource: { GroundTruthManifest: { S3Object: place } } });
      return;
    }
    case "folder": {
      const place = required(source.uri, "the folder, like s3://bucket/folder/");
      const folder = { Bucket: place.Bucket, Prefix: place.Name, LabelsFromFolders: source.labelsFromFolders };
      await post("datasets", { ...base, Source: { Folder: folder } });
      return;
    }
    case "archive": {
      if (!source.file) throw new Error("Choose a ZIP file.");
      const place = await upload<{ Bucket: string; Name: string }>("archives", { Name: source.file.name }, source.file, (share) =>
        tell(`Uploading: ${Math.round(100 * share)} %`),
      );
      const part = parted ? { Part: type === "TRAIN" ? "train" : "test" } : {};
      await post("datasets", { ...base, Source: { Archive: { ...place, ...part } } });
    }
  }
}

function required(uri: string, what: string): { Bucket: string; Name: string } {
  const place = s3Place(uri);
  if (!place) throw new Error(`Say where ${what}, is.`);
  return place;
}

interface PartProps {
  source: Source;
  set: (part: Partial<Source>) => void;
}

function Folder({ source, set }: PartProps) {
  const [browsing, setBrowsing] = useState(false);
  return (
    <SpaceBetween size="m">
      <FormField label="S3 URI" constraintText="s3://bucket/folder/" secondaryControl={<Button formAction="none" onClick={() => setBrowsing(!browsing)}>Browse</Button>}>
        <Input value={source.uri} placeholder="s3://" onChange={({ detail }) => set({ uri: detail.value })} />
      </FormField>
      {browsing && <Browser uri={source.uri} onChoose={(uri) => set({ uri })} />}
      <Checkbox checked={source.labelsFromFolders} onChange={({ detail }) => set({ labelsFromFolders: detail.checked })}>
        Automatically attach labels to images based on the folder
      </Checkbox>
      <Box color="text-body-secondary" fontSize="body-s">
        Each folder right below becomes a label: <code>folder/cat/1.jpg</code> is a cat. Images beside the folders stay unlabelled.
      </Box>
    </SpaceBetween>
  );
}

function Browser({ uri, onChoose }: { uri: string; onChoose: (uri: string) => void }) {
  const place = s3Place(uri);
  const found = useQuery({
    queryKey: ["folders", place?.Bucket, place?.Name],
    queryFn: () =>
      get<{ Buckets?: string[]; Folders?: string[]; Objects?: { Key: string }[] }>("folders", {
        Bucket: place?.Bucket,
        Prefix: place?.Name,
      }),
    retry: false,
  });
  const up = place ? parent(place.Bucket, place.Name) : null;
  const entries = place
    ? (found.data?.Folders ?? []).map((folder) => ({ text: folder, uri: `s3://${place.Bucket}/${folder}` }))
    : (found.data?.Buckets ?? []).map((bucket) => ({ text: bucket, uri: `s3://${bucket}/` }));
  return (
    <Box padding={{ left: "m" }}>
      <SpaceBetween size="xxs">
        {up !== null && (
          <Button formAction="none" variant="inline-link" iconName="angle-up" onClick={() => onChoose(up)}>
            Up
          </Button>
        )}
        {entries.map((entry) => (
          <Button formAction="none" key={entry.uri} variant="inline-link" iconName="folder" onClick={() => onChoose(entry.uri)}>
            {entry.text}
          </Button>
        ))}
        <Box color="text-body-secondary">
          {found.error
            ? found.error.message
            : found.data?.Objects
              ? `${found.data.Objects.length} files here`
              : entries.length === 0 && !found.isPending && "There is no bucket yet."}
        </Box>
      </SpaceBetween>
    </Box>
  );
}

function parent(bucket: string, key: string): string {
  if (!key) return "s3://";
  const above = key.replace(/\/$/, "").split("/").slice(0, -1).join("/");
  return `s3://${bucket}/${above ? `${above}/` : ""}`;
}

function Copy({ source, set }: PartProps) {
  const projects = useProjects().data ?? [];
  const options = projects.flatMap((project) =>
    (project.Datasets ?? []).map((dataset) => ({
      value: dataset.DatasetArn,
      label: `${projectName(project.ProjectArn)}: ${dataset.DatasetType === "TRAIN" ? "training dataset" : "test dataset"}`,
    })),
  );
  return (
    <FormField label="Dataset">
      <Select
        options={options}
        selectedOption={options.find((option) => option.value === source.copied) ?? null}
        onChange={({ detail }) => set({ copied: detail.selectedOption.value ?? "" })}
        filteringType="auto"
        placeholder="Choose a dataset"
        empty="There is no dataset to copy."
      />
    </FormField>
  );
}
