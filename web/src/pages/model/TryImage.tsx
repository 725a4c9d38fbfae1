import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FileDropzone from "@cloudscape-design/components/file-dropzone";
import FileInput from "@cloudscape-design/components/file-input";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Slider from "@cloudscape-design/components/slider";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useCallback, useEffect, useState } from "react";
import { rekognition, words } from "../../api/client";
import { percent } from "../../api/format";
import { useEvaluation } from "../../api/queries";
import type { CustomLabel, Version } from "../../api/types";
import { Code } from "../../components/Copyable";
import { labelColour, textColour } from "../../editor/colours";
import { Camera } from "./Camera";
import { prepared, type Prepared } from "./prepared";

/** Asks the running model about a picture of one's own: dropped, chosen, pasted, or taken with the camera. */
export function TryImage({ version }: { version: Version }) {
  const [picture, setPicture] = useState<Prepared | null>(null);
  const [found, setFound] = useState<CustomLabel[] | null>(null);
  const [failure, setFailure] = useState("");
  const [asking, setAsking] = useState(false);
  const [camera, setCamera] = useState(false);
  const evaluation = useEvaluation(version).data;
  const assumed = new Map(evaluation?.Labels.map((label) => [label.Label, 100 * label.Threshold]));
  const lowest = Math.min(100, ...assumed.values());
  const [moved, setMoved] = useState<number | null>(null);
  const running = version.Status === "RUNNING";
  const arn = version.ProjectVersionArn;

  const ask = useCallback(
    async (file: Blob) => {
      const show = (next: Prepared | null) =>
        setPicture((before) => {
          if (before) URL.revokeObjectURL(before.url);
          return next;
        });
      setFailure("");
      setFound(null);
      setAsking(true);
      show(null);
      try {
        const ready = await prepared(file);
        show(ready);
        const answer = await rekognition<{ CustomLabels: CustomLabel[] }>("DetectCustomLabels", {
          ProjectVersionArn: arn,
          Image: { Bytes: ready.base64 },
          MinConfidence: 0,
        });
        setFound(answer.CustomLabels);
      } catch (error) {
        setFailure(words(error));
      } finally {
        setAsking(false);
      }
    },
    [arn],
  );

  useEffect(() => {
    if (!running) return;
    const paste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
      if (file) void ask(file);
    };
    window.addEventListener("paste", paste);
    return () => window.removeEventListener("paste", paste);
  }, [running, ask]);

  const shown = (found ?? []).filter((label) => label.Confidence >= (moved ?? assumed.get(label.Name) ?? 50));
  return (
    <Container header={<Header variant="h2" description="What does the model say to a picture that it has never seen?">Try an image</Header>}>
      {!running ? (
        <Box color="text-body-secondary">Start the model to try it here.</Box>
      ) : (
        <SpaceBetween size="m">
          <FileDropzone onChange={({ detail }) => detail.value[0] && void ask(detail.value[0])}>
            <SpaceBetween size="xs" alignItems="center">
              <span>Drop or paste an image here</span>
              <SpaceBetween direction="horizontal" size="xs">
                <FileInput
                  accept="image/png,image/jpeg,.png,.jpg,.jpeg"
                  value={[]}
                  onChange={({ detail }) => detail.value[0] && void ask(detail.value[0])}
                >
                  Choose file
                </FileInput>
                <Button onClick={() => setCamera(true)}>Camera</Button>
              </SpaceBetween>
            </SpaceBetween>
          </FileDropzone>
          {camera && <Camera onTake={(file) => void ask(file)} onClose={() => setCamera(false)} />}
          {failure && <Alert type="error">{failure}</Alert>}
          <div role="status" className={asking ? undefined : "visually-hidden"}>
            {asking ? <StatusIndicator type="loading">Asking the model</StatusIndicator> : found ? `${shown.length} found` : ""}
          </div>
          {picture && (
            <ColumnLayout columns={2}>
              <Found picture={picture} labels={shown} />
              <SpaceBetween size="m">
                <FormField
                  label={moved === null ? "Confidence: each label's assumed threshold" : `Confidence of at least ${moved} %`}
                  description="What a program gets that asks for no confidence of its own, until you move this."
                >
                  <Slider
                    ariaLabel="Least confidence in percent"
                    min={0}
                    max={100}
                    value={moved ?? Math.floor(lowest)}
                    onChange={({ detail }) => setMoved(detail.value)}
                    valueFormatter={(value) => `${value} %`}
                  />
                </FormField>
                <div data-testid="found">
                  {found && shown.length === 0 && <Box>Nothing at this confidence{found.length ? `; ${found.length} below it` : ""}.</Box>}
                  <ol className="found-list">
                    {shown.map((label, i) => (
                      <li key={i}>
                        <span className="chip" style={chip(label.Name)}>
                          {label.Name}
                        </span>{" "}
                        {percent(label.Confidence, 1)}
                      </li>
                    ))}
                  </ol>
                </div>
                {found && (
                  <ExpandableSection headerText="Answer of the API (JSON)">
                    <Code label="answer" text={JSON.stringify({ CustomLabels: shown }, null, 2)} />
                  </ExpandableSection>
                )}
              </SpaceBetween>
            </ColumnLayout>
          )}
        </SpaceBetween>
      )}
    </Container>
  );
}

function Found({ picture, labels }: { picture: Prepared; labels: CustomLabel[] }) {
  return (
    <div className="result-picture">
      <svg viewBox={`0 0 ${picture.width} ${picture.height}`} role="img" aria-label={`Your image with ${labels.length} labels`}>
        <image href={picture.url} width={picture.width} height={picture.height} />
        {labels.map((label, i) => {
          const box = label.Geometry?.BoundingBox;
          if (!box) return null;
          const [x, y] = [box.Left * picture.width, box.Top * picture.height];
          const colour = labelColour(label.Name);
          const font = Math.max(11, picture.width / 34);
          return (
            <g key={i}>
              <rect
                x={x}
                y={y}
                width={box.Width * picture.width}
                height={box.Height * picture.height}
                fill="none"
                stroke={colour}
                strokeWidth={3}
                vectorEffect="non-scaling-stroke"
              />
              <text className="box-number" x={x + 3} y={Math.max(y + font, font)} fontSize={font} stroke={textColour(colour) === "#000000" ? "#ffffff" : "#000000"} fill={colour}>
                {i + 1}. {label.Name}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function chip(name: string) {
  const background = labelColour(name);
  return { background, color: textColour(background) };
}
