import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { address } from "../../api/client";
import type { Manifests, S3Object, Version } from "../../api/types";

/** A menu of the files that a training has left: what was wrong with which image, the data as it was, the scores. */
export function ValidationFiles({ version, text }: { version: Version; text?: string }) {
  const files = filesOf(version);
  if (!files.length) return text ? null : <>–</>;
  return (
    <ButtonDropdown
      variant={text ? "normal" : "inline-icon"}
      ariaLabel="Download validation results"
      expandToViewport
      items={files.map(({ text: name, place }) => ({
        id: name,
        text: name,
        href: address("object", { Bucket: place.Bucket, Key: place.Name }),
      }))}
      onItemClick={(event) => {
        event.preventDefault();
        if (event.detail.href) window.location.assign(event.detail.href);
      }}
    >
      {text}
    </ButtonDropdown>
  );
}

function filesOf(version: Version): { text: string; place: S3Object }[] {
  const known: [string, S3Object | undefined][] = [
    ["Manifest summary", version.ManifestSummary?.S3Object],
    ["Training validation manifest", first(version.TrainingDataResult?.Validation)],
    ["Testing validation manifest", first(version.TestingDataResult?.Validation)],
    ["Evaluation summary", version.EvaluationResult?.Summary.S3Object],
    ["Training dataset as it was", first(version.TrainingDataResult?.Output)],
    ["Test results of each image", first(version.TestingDataResult?.Output)],
  ];
  return known.flatMap(([text, place]) => (place ? [{ text, place }] : []));
}

function first(manifests: Manifests | undefined): S3Object | undefined {
  return manifests?.Assets?.[0]?.GroundTruthManifest.S3Object;
}
